"""What AgentScope has and modelhub does not have, and the errors that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VERSION = "0.1.6"  # of AgentScope: its behaviour is what is offered
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
    """Why modelhub does not have this name of AgentScope."""
    return f"{name} is not part of modelhub, which has AgentScope's model layer only: see {GUIDE}"


def refuse(module: str) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module: its error explains why the module does not have a name."""

    def __getattr__(name: str) -> Any:
        raise AttributeError(explain(f"{module}.{name}") if name[:2] != "__" else name)

    return __getattr__
