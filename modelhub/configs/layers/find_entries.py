"""Which parts of a document are model configs, and which parts say something about configs."""

from collections.abc import Iterator
from typing import Any

from modelhub.configs.layers.declarations import Declaration, check_key, parse_declaration
from modelhub.configs.layers.entry import Entry
from modelhub.configs.layers.origins import Origin, build_keyed_node
from modelhub.configs.layers.price_lists import PRICES, ListedPrice, parse_prices
from modelhub.configs.layers.programs import OtherProgram, find_program
from modelhub.configs.layers.shapes import hint_config, hint_item
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Path
from modelhub.diagnostics.suggest import suggest_freely
from modelhub.diagnostics.wording import describe, did_you_mean
from modelhub.errors import Problem

_DECLARATIONS = ("defaults", "profiles", "include", PRICES)
_EDITORS = "$schema"  # names the schema of the file, for editors
_KEYS = ("models", *_DECLARATIONS, "version", _EDITORS)

Found = Entry | Declaration | ListedPrice | OtherProgram | Problem


def find_entries(document: Document, value: Any, path: Path = ()) -> Iterator[Found]:
    """Find the configs in ``value``: one config, a list or a mapping of them, or ``models`` with declarations.

    What another program's file holds is not looked at, nor is a recorded exchange, which may stand beside configs.
    """
    if program := find_program(document, value, path):
        yield program
    elif isinstance(value, dict) and _is_recorded(value):
        return
    elif isinstance(value, dict):
        models = _find_models_key(value)
        if models is None and _is_by_name(value):
            yield from _find_by_name(document, _without_schema(value), path)
        elif models is None and not _is_collection(value):
            yield Entry(_without_schema(value), document, path)
        else:
            yield from _find_besides(document, value, path)
            if models is not None:
                yield from _find_in_models(document, value[models], (*path, models))
    elif isinstance(value, list):
        yield from _find_in_list(document, value, path)
    else:
        message = f"a model config is a mapping, not {describe(value)}"
        yield document.problem("MH106", message, path, hint=hint_config(document.format))


def _find_models_key(value: dict[str, Any]) -> str | None:
    """Find the key that holds the configs; a misspelt key counts if its value is a list or a mapping of mappings."""
    if "config_name" in value or "model_type" in value:
        return None
    if "models" in value:
        return "models"
    for key, item in value.items():
        mappings = isinstance(item, list) and item and all(isinstance(each, dict) for each in item)
        if (mappings or _is_by_name(item)) and key not in _KEYS and _suggest(key):
            return key
    return None


def _is_recorded(value: dict[str, Any]) -> bool:
    """Whether a mapping is a recorded exchange with a model: what was asked, and the replies."""
    is_config = "config_name" in value or "model_type" in value
    return not is_config and isinstance(value.get("request"), dict) and isinstance(value.get("replies"), list)


def _is_collection(value: dict[str, Any]) -> bool:
    """Whether a mapping without ``models`` holds declarations for configs and is not a config itself."""
    return "config_name" not in value and "model_type" not in value and any(key in value for key in _DECLARATIONS)


def _is_by_name(value: Any) -> bool:
    """Whether a mapping has configs below their names, and nothing else."""
    configs = [item for key, item in value.items() if key != _EDITORS] if isinstance(value, dict) else []
    return all(isinstance(each, dict) for each in configs) and any("model_type" in each for each in configs)


def _find_in_models(document: Document, value: Any, path: Path) -> Iterator[Entry | Problem]:
    if isinstance(value, list):
        yield from _find_in_list(document, value, path)
    elif isinstance(value, dict) and value and not ("config_name" in value or "model_type" in value):
        yield from _find_by_name(document, value, path)
    else:
        message = f"'{path[-1]}' must be a list of model configs, not {describe(value)}"
        hint = hint_item(document.format) if isinstance(value, dict | None) else None
        yield document.problem("MH106", message, path, hint=hint)


def _find_in_list(document: Document, value: list[Any], path: Path) -> Iterator[Entry | Problem]:
    for index, item in enumerate(value):
        if isinstance(item, dict):
            yield Entry(_without_schema(item), document, (*path, index))
        else:
            message = f"item {index + 1} of the list must be a model config (a mapping), not {describe(item)}"
            yield document.problem("MH106", message, (*path, index))


def _find_by_name(document: Document, value: dict[str, Any], path: Path) -> Iterator[Entry | Problem]:
    for name, item in value.items():
        place = (*path, name)
        if not isinstance(item, dict):
            message = f"'{name}' must be a model config (a mapping), not {describe(item)}"
            yield document.problem("MH106", message, place)
        elif "config_name" not in item:
            config = {"config_name": name, **_without_schema(item)}
            origins = build_keyed_node(config, Origin(document, place, name))
            yield Entry(config, document, place, origins, keyed=True)
        elif problem := check_key(document, item, place):
            yield problem
        else:
            yield Entry(_without_schema(item), document, place)


def _without_schema(config: dict[str, Any]) -> dict[str, Any]:
    """The config without the key that only editors read."""
    if not isinstance(config.get(_EDITORS), str):
        return config
    return {key: value for key, value in config.items() if key != _EDITORS}


def _find_besides(
    document: Document, value: dict[str, Any], path: Path
) -> Iterator[Declaration | ListedPrice | Problem]:
    for key, item in value.items():
        if key == PRICES:
            yield from parse_prices(document, item, (*path, key))
        elif key in _DECLARATIONS:
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
