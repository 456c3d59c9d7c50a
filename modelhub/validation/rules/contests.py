"""Findings about the plugin that a name means: several claim the name, or nothing is known of what it takes."""

from __future__ import annotations

from collections.abc import Sequence

from modelhub.diagnostics import Finding
from modelhub.plugins import Plugin
from modelhub.plugins.python_types import is_python_type

SEE_PLUGINS = "`modelhub plugins` lists all plugins and what is wrong with them"


def explain_contest(name: str, rivals: Sequence[Plugin], key: str = "model_type") -> Finding:
    """Say which plugin a contested name means; ``rivals`` are all that claim it, that one first."""
    first, *others = rivals
    message = f"{key} '{name}' is claimed by {_enumerate([each.origin for each in rivals])}; {first.origin} has it"
    hint = f"write '{first.choice}' to keep that one, or {_enumerate([repr(each.choice) for each in others], 'or')}"
    return Finding("MH502", message, (key,), hint=hint, severity="warning")


def explain_unchecked(model_type: str) -> Finding:
    """Say that the keys of a config are not checked."""
    message = (
        f"the keys of '{model_type}' are not checked: there is no schema, and its source does not tell what it takes"
    )
    hint = f"its author can add the file schemas/{find_bare_type(model_type)}.json to its package"
    if is_python_type(model_type):
        hint = "let its __init__ name the keys that it takes"
    return Finding("MH503", message, ("model_type",), hint=hint, severity="warning")


def find_bare_type(model_type: str) -> str:
    """A model_type without the distribution that may stand before it."""
    return model_type if is_python_type(model_type) else model_type.rpartition(":")[2]


def _enumerate(words: Sequence[str], joint: str = "and") -> str:
    return " ".join([", ".join(words[:-1]), joint, words[-1]]) if len(words) > 1 else words[0]
