"""Chooses a model_type by its name."""

from __future__ import annotations

from modelhub.diagnostics.suggest import suggest
from modelhub.errors import PluginError
from modelhub.registry.types import KnownTypes


def select_type(model_type: str, known: KnownTypes) -> str:
    """The same model_type if there is one; raises PluginError with a suggestion if there is not."""
    if model_type not in known:
        near = suggest(model_type, known)
        hint = f"did you mean {near!r}?" if near else "`modelhub types` lists them"
        raise PluginError(f"there is no model_type {model_type!r}; {hint}")
    return model_type
