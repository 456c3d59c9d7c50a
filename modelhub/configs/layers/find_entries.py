"""Which parts of a document are model configs, and which parts say something about configs."""

from collections.abc import Iterator
from typing import Any

from modelhub.configs.layers.declarations import Declaration, parse_declaration
from modelhub.configs.layers.entry import Entry
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Path
from modelhub.diagnostics.suggest import suggest_freely
from modelhub.diagnostics.wording import describe, did_you_mean
from modelhub.errors import Problem

_ITEM_HINT = "start each config with '- config_name: ...'"
_DECLARATIONS = ("defaults", "profiles", "include")
_KEYS = ("models", *_DECLARATIONS, "version", "$schema")

Found = Entry | Declaration | Problem


def find_entries(document: Document, value: Any, path: Path = ()) -> Iterator[Found]:
    """Find the configs in ``value``: one config, a list of configs, or a mapping with ``models`` and declarations."""
    if isinstance(value, dict):
        models = _find_models_key(value)
        if models is None and not _is_collection(value):
            yield Entry(value, document, path)
            return
        yield from _find_besides(document, value, path)
        if models is not None:
            yield from _find_in_models(document, value[models], (*path, models))
    elif isinstance(value, list):
        yield from _find_in_list(document, value, path)
    else:
        message = f"a model config is a mapping, not {describe(value)}"
        yield document.problem("MH106", message, path, hint="write 'config_name: ...' and 'model_type: ...'")


def _find_models_key(value: dict[str, Any]) -> str | None:
    """Find the key that holds the configs; a misspelt key counts if its value is a list of mappings."""
    if "config_name" in value or "model_type" in value:
        return None
    if "models" in value:
        return "models"
    for key, item in value.items():
        mappings = isinstance(item, list) and item and all(isinstance(each, dict) for each in item)
        if mappings and key not in _KEYS and _suggest(key):
            return key
    return None


def _is_collection(value: dict[str, Any]) -> bool:
    """Whether a mapping without ``models`` holds declarations for configs and is not a config itself."""
    return "config_name" not in value and "model_type" not in value and any(key in value for key in _DECLARATIONS)


def _find_in_models(document: Document, value: Any, path: Path) -> Iterator[Entry | Problem]:
    if isinstance(value, list):
        yield from _find_in_list(document, value, path)
    else:
        message = f"'{path[-1]}' must be a list of model configs, not {describe(value)}"
        hint = _ITEM_HINT if isinstance(value, dict | None) else None
        yield document.problem("MH106", message, path, hint=hint)


def _find_in_list(document: Document, value: list[Any], path: Path) -> Iterator[Entry | Problem]:
    for index, item in enumerate(value):
        if isinstance(item, dict):
            yield Entry(item, document, (*path, index))
        else:
            message = f"item {index + 1} of the list must be a model config (a mapping), not {describe(item)}"
            yield document.problem("MH106", message, (*path, index))


def _find_besides(document: Document, value: dict[str, Any], path: Path) -> Iterator[Declaration | Problem]:
    for key, item in value.items():
        if key in _DECLARATIONS:
            yield from parse_declaration(document, key, item, (*path, key))
        elif key not in _KEYS:
            hint = _suggest(key) or f"the keys next to 'models' are {', '.join(_KEYS[1:-1])} and {_KEYS[-1]}"
            yield document.problem("MH103", f"unknown key '{key}'", (*path, key), key=True, hint=hint)
        elif key == "version" and (item != 1 or isinstance(item, bool)):
            message = f"version must be 1, not {describe(item)}"
            yield document.problem("MH106", message, (*path, key))


def _suggest(key: str) -> str | None:
    near = suggest_freely(key, _KEYS, likeness=0.7)
    return did_you_mean(near) if near else None
