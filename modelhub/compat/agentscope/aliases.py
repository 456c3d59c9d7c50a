"""The other names that these modules had in AgentScope's releases, and ``agentscope`` as a name of this package."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from modelhub.compat.agentscope.scope import explain

_HOME = "modelhub.compat.agentscope"
_NAME = "agentscope"
_MODULES = (
    "constants",
    "exception",
    "file_manager",
    "formatters",
    "manager",
    "message",
    "models",
    "serialize",
    "tokens",
    "utils",
)
_ALIASES = {
    "models": (
        "anthropic_model dashscope_model gemini_model litellm_model model ollama_model openai_model post_model response"
        " yi_model zhipu_model"
    ),
    "manager": "_file _manager _model _monitor",
    "message": "msg block",
    "utils": "common monitor token_utils tools",
    "formatters": (
        "anthropic_formatter common_formatter dashscope_formatter formatter_base gemini_formatter openai_formatter"
    ),
}


def install() -> ModuleType:
    """Make ``import agentscope`` and the imports of its submodules find this package, which is also returned.

    Raises ImportError when the real AgentScope is imported already.
    """
    package = sys.modules[_HOME]
    present = sys.modules.get(_NAME)
    if present not in (None, package):
        where = getattr(present, "__file__", None) or "somewhere"
        raise ImportError(
            f"agentscope is imported already, from {where}: call modelhub.compat.agentscope.install() before anything"
            " imports it, or uninstall it"
        )
    sys.modules[_NAME] = package
    for name in _MODULES:
        sys.modules[f"{_NAME}.{name}"] = import_module(f"{_HOME}.{name}")
    add_aliases(_NAME)
    return package


def add_aliases(prefix: str) -> None:
    """Make the submodules that AgentScope had importable, as ``<prefix>.<module>.<alias>``."""
    for name, aliases in _ALIASES.items():
        module = import_module(f"{_HOME}.{name}")
        for alias in aliases.split():
            sys.modules[f"{prefix}.{name}.{alias}"] = module
            module.__dict__.setdefault(alias, module)
    if not any(isinstance(finder, _LastWord) for finder in sys.meta_path):
        sys.meta_path.append(_LastWord())


class _LastWord:
    """The last finder of imports: says why a module of AgentScope does not exist here."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        for prefix in (_NAME, _HOME):
            if name.startswith(f"{prefix}.") and sys.modules.get(prefix) is sys.modules[_HOME]:
                raise ModuleNotFoundError(explain(f"{_NAME}{name[len(prefix) :]}"), name=name)
