"""Which attributes of a model ``dir`` names: those that users need, as type checkers and editors know them, too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_OF_MODELS = {"acall", "config_name", "format", "format_tools_json_schemas", "model_name", "model_type", "task"}
_OF_CHATS = _OF_MODELS | {"acount_tokens", "count_tokens", "stream"}
_NOT_THEIRS = {"born", "call_in_thread", "home"}  # which modelhub gives each class and object
_OURS = ("modelhub", "builtins")


def choose_names(model: Any, names: Iterable[str]) -> list[str]:
    """Those of ``names``, the attributes of a model, that users need, and those that a class of theirs defines."""
    cls = type(model)
    shown = _OF_CHATS if hasattr(cls, "count_tokens") else _OF_MODELS
    theirs = {name for each in cls.__mro__ if not _is_ours(each) for name in vars(each)}
    if not _is_ours(cls) and not hasattr(cls, "build_request"):  # plain Python: what it has is its own
        theirs |= vars(model).keys()
    return [name for name in names if name[0] == "_" or name in shown or (name in theirs and name not in _NOT_THEIRS)]


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in _OURS
