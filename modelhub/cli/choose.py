"""Chooses a model_type by its name."""

from __future__ import annotations

from modelhub.diagnostics.suggest import suggest
from modelhub.errors import PluginError
from modelhub.registry.installed import WRAPPERS


def select_type(model_type: str) -> str:
    """The same model_type if it is installed; raises PluginError with a suggestion if it is not."""
    if model_type not in WRAPPERS:
        near = suggest(model_type, WRAPPERS.by_name)
        hint = f"did you mean {near!r}?" if near else "`modelhub types` lists them"
        raise PluginError(f"there is no model_type {model_type!r}; {hint}")
    return model_type
