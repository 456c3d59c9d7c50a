"""AgentScope v0's names for its model layer, made of modelhub; after ``install``, ``import agentscope`` finds them."""

from __future__ import annotations

from typing import Any

from modelhub.compat.agentscope import (
    constants,
    exception,
    file_manager,
    formatters,
    manager,
    message,
    models,
    serialize,
    tokens,
    utils,
)
from modelhub.compat.agentscope.aliases import add_aliases, install
from modelhub.compat.agentscope.runtime import init, print_llm_usage, register_model_wrapper_class, state_dict
from modelhub.compat.agentscope.scope import OUT_OF_SCOPE, VERSION, explain, refuse

__all__ = [
    "constants",
    "exception",
    "file_manager",
    "formatters",
    "init",
    "install",
    "manager",
    "message",
    "models",
    "print_llm_usage",
    "register_model_wrapper_class",
    "serialize",
    "state_dict",
    "tokens",
    "utils",
]
__version__ = VERSION


def __getattr__(name: str) -> Any:
    if name in OUT_OF_SCOPE:
        raise ImportError(explain(f"agentscope.{name}"))
    return refuse("agentscope")(name)


add_aliases(__name__)
