"""Write a schema without ``$ref`` and ``allOf``, which is easier to read for editors and people."""

from __future__ import annotations

from typing import Any

from modelhub.validation.schema.store import Schema, resolve
from modelhub.validation.schema.view import View

_LISTS = ("anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else")
_MAPPINGS = ("properties", "patternProperties", "dependentSchemas")
_ANNOTATIONS = ("title", "description", "default", "examples", "deprecated", "writeOnly", "readOnly", "$comment")
_NAMES = ("$schema", "$id", "$defs", "definitions", "$anchor")


def flatten(schema: Schema) -> Schema:
    """Return ``schema`` in one piece: each reference is replaced by what it refers to, and the outer part wins.

    Unknown keys stay forbidden; keys of its conditions become known. A reference to the schema itself, or to a part
    that does not exist, allows any value.
    """
    flat: Schema = _flatten(schema, schema, ())
    return flat


def _flatten(node: Any, root: Schema, seen: tuple[int, ...]) -> Any:
    if not isinstance(node, dict):
        return node
    if id(node) in seen:
        return {}
    seen = (*seen, id(node))
    flat = {key: _below(key, value, root, seen) for key, value in node.items() if key not in ("$ref", "allOf", *_NAMES)}
    parts = [(part, root) for part in node.get("allOf", ())]
    if isinstance(reference := node.get("$ref"), str):
        try:
            parts.insert(0, resolve(reference, root))
        except LookupError:
            flat.setdefault("description", f"See {reference}.")
    for part, home in parts:
        _merge(flat, _flatten(part, home, seen))
    if flat.pop("unevaluatedProperties", None) is False:
        known = View([(node, root)]).properties
        own = flat.get("properties", {})
        flat["properties"] = own | dict.fromkeys(sorted(known - own.keys()), True)
        flat.setdefault("additionalProperties", False)
    return flat


def _below(key: str, value: Any, root: Schema, seen: tuple[int, ...]) -> Any:
    if key in _SINGLE:
        return _flatten(value, root, seen)
    if key in _LISTS and isinstance(value, list):
        return [_flatten(item, root, seen) for item in value]
    if key in _MAPPINGS and isinstance(value, dict):
        return {name: _flatten(item, root, seen) for name, item in value.items()}
    return value


def _merge(flat: Schema, part: Any) -> None:
    """Add the keywords of ``part`` to ``flat``; if both have the same keyword, both must hold."""
    if not isinstance(part, dict):
        return
    rest: Schema = {}
    for key, value in part.items():
        if key not in flat:
            flat[key] = value
        elif key == "properties":
            _merge_properties(flat["properties"], value)
        elif key == "required":
            flat["required"] = [*flat["required"], *(name for name in value if name not in flat["required"])]
        elif key == "allOf":
            flat["allOf"] = [*flat["allOf"], *value]
        elif key not in _ANNOTATIONS and not key.startswith("x-") and flat[key] != value:
            rest[key] = value
    if rest:
        flat["allOf"] = [*flat.get("allOf", []), rest]


def _merge_properties(properties: Schema, more: Schema) -> None:
    for name, schema in more.items():
        own = properties.get(name)
        if isinstance(own, dict) and own.get("deprecated") is not True:
            properties[name] = dict(own)
            _merge(properties[name], schema)
        else:
            properties.setdefault(name, schema)
