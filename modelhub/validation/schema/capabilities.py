"""What a model can do, as data: what its wrapper can do, limited to what is known about the model."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from fnmatch import fnmatchcase
from functools import reduce
from typing import Any

KEYWORD = "x-capabilities"
_TASKS = {"text": "chat", "embedding": "embedding", "image": "image"}  # by output; the first that fits


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
    from modelhub.validation.schema.store import load_schema

    found = schema if schema is not None else load_schema(model_type)
    told = (found or {}).get(KEYWORD)
    capabilities: dict[str, Any] = deepcopy(told) if isinstance(told, dict) else {}
    known: dict[str, Any] = {}
    for facts in facts_about(model_name) if capabilities and model_name else ():
        _replace(known, facts)
    known |= {flag: False for flag in _find_lacks(vendor) if flag in capabilities}
    return _narrow(capabilities, known)


def find_capabilities(
    config: dict[str, Any], schema: dict[str, Any], targets: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """What the model of ``config`` can do, whose type has ``schema``; if it has ``targets``, what all of these can."""
    model_type = config["model_type"]
    model_name = config.get("model_name") or config.get("config_name")
    found = capabilities_of(model_type, model_name, schema, config.get("vendor"))
    if isinstance(config.get("request"), dict) or isinstance(config.get("response"), dict):
        from modelhub.validation.schema.described import find_undescribed  # most configs speak a known protocol

        found = _narrow(found, find_undescribed(config)) if found else found
    if targets:
        own: dict[str, Any] = {key: found[key] for key in ("auth", "limits") if key in found}
        found = reduce(_share, targets)
        found |= own
    return add_said(found, config.get("capabilities"))


def find_task(capabilities: Any) -> str | None:
    """The task that the capabilities of a model tell: chat, embedding or image; None if they do not."""
    modalities = capabilities.get("modalities") if isinstance(capabilities, dict) else None
    output = modalities.get("output") if isinstance(modalities, dict) else None
    return next((task for kind, task in _TASKS.items() if isinstance(output, list) and kind in output), None)


def _share(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What both of two models can do; facts that are no abilities, such as limits, are the first one's."""
    both: dict[str, Any] = {}
    for key, value in one.items():
        told = other.get(key)
        if isinstance(value, bool):
            both[key] = value and bool(told)
        elif key == "modalities" and isinstance(value, dict):
            sides = told if isinstance(told, dict) else {}
            both[key] = {side: [kind for kind in kinds if kind in sides.get(side, ())] for side, kinds in value.items()}
        else:
            both[key] = value
    return both


def add_said(capabilities: dict[str, Any], said: Any) -> dict[str, Any]:
    """``capabilities`` with what the key of that name of a config says in their place."""
    if not isinstance(said, dict) or not capabilities:
        return capabilities
    own = {"tools": said["tools"]} if "tools" in said else {}
    inputs = {"modalities": {**capabilities.get("modalities", {}), "input": said["input"]}} if "input" in said else {}
    return {**capabilities, **own, **inputs}


def facts_about(model_name: str) -> list[dict[str, Any]]:
    """The capabilities in ``_models.json`` whose pattern fits the name, with or without a vendor before it."""
    from modelhub.validation.schema.store import load_file

    models = (load_file("_models.json") or {})["models"]
    name = model_name.lower().rpartition("/")[2]
    return [entry["capabilities"] for entry in models if fnmatchcase(name, entry["match"])]


def _find_lacks(vendor: str | None) -> tuple[str, ...]:
    """What the API of a vendor does not have."""
    if not vendor:
        return ()
    from modelhub.vendors import find_vendor  # few programs need it

    found = find_vendor(vendor)
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
