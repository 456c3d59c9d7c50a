"""What AgentScope has and modelhub has not, and how that is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

GUIDE = "docs/from-agentscope.md"
OUT_OF_SCOPE = frozenset(
    {
        "agents",
        "aio",
        "environment",
        "learn",
        "logging",
        "memory",
        "msghub",
        "parsers",
        "pipelines",
        "plan",
        "prompt",
        "rag",
        "rpc",
        "server",
        "service",
        "strategy",
        "studio",
        "web",
    }
)


def explain(name: str) -> str:
    """What to say of an AgentScope name that is not offered."""
    return f"{name} is not part of modelhub, which has AgentScope's model layer only: see {GUIDE}"


def refuse(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module: every name it does not have is explained."""

    def __getattr__(name: str) -> Any:
        raise AttributeError(explain(f"{module}.{name}") if name[:2] != "__" else name)

    return __getattr__
