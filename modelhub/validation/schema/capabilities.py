"""What a model can do, as data: what its wrapper can do, limited to what is known about the model."""

from __future__ import annotations

from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any

from modelhub.vendors import find_vendor

KEYWORD = "x-capabilities"


def capabilities_of(
    model_type: str,
    model_name: str | None = None,
    schema: dict[str, Any] | None = None,
    vendor: str | None = None,
) -> dict[str, Any]:
    """The capabilities in the schema of ``model_type``, limited to what is known about the model and the vendor.

    Empty if the schema has no capabilities. ``schema`` is the schema of a type that is not built in. What the wrapper
    cannot do, none of its models can do. A model that is not known can do all that its wrapper can do.
    """
    from modelhub.validation import load_schema

    found = schema if schema is not None else load_schema(model_type)
    told = (found or {}).get(KEYWORD)
    capabilities: dict[str, Any] = deepcopy(told) if isinstance(told, dict) else {}
    known: dict[str, Any] = {}
    for facts in facts_about(model_name) if capabilities and model_name else ():
        _replace(known, facts)
    known |= {flag: False for flag in _find_lacks(vendor) if flag in capabilities}
    return _narrow(capabilities, known)


def facts_about(model_name: str) -> list[dict[str, Any]]:
    """The capabilities in ``_models.json`` whose pattern fits the name, with or without a vendor before it."""
    from modelhub.validation.schema.store import load_file

    models = (load_file("_models.json") or {})["models"]
    name = model_name.lower().rpartition("/")[2]
    return [entry["capabilities"] for entry in models if fnmatchcase(name, entry["match"])]


def _find_lacks(vendor: str | None) -> tuple[str, ...]:
    """What the API of a vendor does not have."""
    found = find_vendor(vendor) if vendor else None
    return found.lacks if found else ()


def summarize(capabilities: dict[str, Any]) -> tuple[str, str]:
    """Two short columns: the kinds of input and output, and what else the model can do."""
    modalities = capabilities.get("modalities") or {}
    flow = " > ".join("+".join(modalities[side]) for side in ("input", "output") if modalities.get(side))
    return flow, " ".join(word for key, word in _WORDS.items() if capabilities.get(key))


_WORDS = {
    "tools": "tools",
    "streaming": "stream",
    "json_schema": "schema",
    "reasoning": "think",
    "token_counting": "count",
}


def _replace(into: dict[str, Any], facts: dict[str, Any]) -> None:
    """Add ``facts`` to a dict of facts; dicts in it are merged, other values replaced."""
    for key, value in facts.items():
        into[key] = {**into.get(key, {}), **value} if isinstance(value, dict) else value


def _narrow(carried: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What both the wrapper and the model allow, with the other facts about the model."""
    narrowed = dict(carried)
    for key, value in known.items():
        ours = carried.get(key)
        if isinstance(value, bool):
            narrowed[key] = value and ours is True
        elif isinstance(value, list) and isinstance(ours, list):
            narrowed[key] = [item for item in ours if item in value] or ours
        elif isinstance(value, dict) and isinstance(ours, dict):
            narrowed[key] = _narrow(ours, value)
        else:
            narrowed[key] = value
    return narrowed
