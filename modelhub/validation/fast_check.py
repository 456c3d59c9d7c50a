"""Decide cheaply that a value certainly fits a schema, so that jsonschema is only imported when something looks wrong.

It knows the keywords that configs need. Whatever it does not know is "not certain".
"""

from __future__ import annotations

import re
from typing import Any

from modelhub.validation.rules.references import stands_for
from modelhub.validation.schema.store import Schema, resolve

_IDENTIFIERS = {"$schema", "$comment", "$defs"}
_NOTES = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "format"}
_NUMBER = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_STRING = {"minLength", "maxLength", "pattern"}
_LIST = {"minItems", "maxItems", "uniqueItems", "items"}
_MAPPING = {"required", "properties", "additionalProperties", "unevaluatedProperties", "propertyNames", "minProperties"}
_SAYS_NOTHING = _IDENTIFIERS | _NOTES
_KNOWN = _NUMBER | _STRING | _LIST | _MAPPING  # each says nothing about values of another type


def is_certainly_valid(schema: Any, value: Any, root: Schema) -> bool:
    """Whether ``value`` certainly fits ``schema``, a part of the file ``root``; False means that it is not certain."""
    if schema is True:
        return True
    if not isinstance(schema, dict):
        return False
    if isinstance(value, str) and "${" in value and stands_for(value, _types(schema)):
        return True
    for keyword, rule in schema.items():
        if keyword in _SAYS_NOTHING or keyword.startswith("x-"):
            continue
        if keyword == "$id":
            if schema is not root:
                return False
            continue
        if not _holds(keyword, rule, value, schema, root):
            return False
    return True


def _holds(keyword: str, rule: Any, value: Any, schema: Schema, root: Schema) -> bool:
    match keyword:
        case "type":
            return any(_is_a(value, name) for name in _types(schema))
        case "enum":
            return any(_same(value, choice) for choice in rule)
        case "const":
            return _same(value, rule)
        case "$ref":
            try:
                target, file = resolve(rule, root)
            except LookupError:
                return False
            return is_certainly_valid(target, value, file)
        case "allOf":
            return all(is_certainly_valid(sub, value, root) for sub in rule)
        case "anyOf":
            return any(is_certainly_valid(sub, value, root) for sub in rule)
    if isinstance(value, str):
        return _string_holds(keyword, rule, value)
    if isinstance(value, dict):
        return _mapping_holds(keyword, rule, value, schema, root)
    if isinstance(value, list):
        return _list_holds(keyword, rule, value, root)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number_holds(keyword, rule, value)
    return keyword in _KNOWN


def _number_holds(keyword: str, rule: Any, value: float) -> bool:
    match keyword:
        case "minimum":
            return bool(value >= rule)
        case "maximum":
            return bool(value <= rule)
        case "exclusiveMinimum":
            return bool(value > rule)
        case "exclusiveMaximum":
            return bool(value < rule)
    return keyword in _KNOWN


def _string_holds(keyword: str, rule: Any, value: str) -> bool:
    match keyword:
        case "minLength":
            return bool(len(value) >= rule)
        case "maxLength":
            return bool(len(value) <= rule)
        case "pattern":
            return re.search(rule, value) is not None
    return keyword in _KNOWN


def _list_holds(keyword: str, rule: Any, value: list[Any], root: Schema) -> bool:
    match keyword:
        case "minItems":
            return bool(len(value) >= rule)
        case "maxItems":
            return bool(len(value) <= rule)
        case "uniqueItems":
            return all(isinstance(item, str) for item in value) and len(set(value)) == len(value)
        case "items":
            return all(is_certainly_valid(rule, item, root) for item in value)
    return keyword in _KNOWN


def _mapping_holds(keyword: str, rule: Any, value: dict[Any, Any], schema: Schema, root: Schema) -> bool:
    match keyword:
        case "required":
            return all(key in value for key in rule)
        case "properties":
            return all(is_certainly_valid(sub, value[key], root) for key, sub in rule.items() if key in value)
        case "additionalProperties":
            named = schema.get("properties", {})
            return "patternProperties" not in schema and all(
                isinstance(key, str) and is_certainly_valid(rule, item, root)
                for key, item in value.items()
                if key not in named
            )
        case "propertyNames":
            return all(isinstance(key, str) and is_certainly_valid(rule, key, root) for key in value)
        case "minProperties":
            return bool(len(value) >= rule)
        case "unevaluatedProperties":
            seen = _evaluated(schema, root)
            return all(
                isinstance(key, str) and is_certainly_valid(rule, value[key], root) for key in value.keys() - seen
            )
    return keyword in _KNOWN


def _evaluated(schema: Any, root: Schema) -> set[str]:
    """The keys that ``schema`` evaluates in every valid value; keys that only an alternative names are left out."""
    if not isinstance(schema, dict):
        return set()
    seen = set(schema.get("properties", ()))
    if "$ref" in schema:
        seen |= _evaluated(*resolve(schema["$ref"], root))
    for sub in schema.get("allOf", ()):
        seen |= _evaluated(sub, root)
    return seen


def _types(schema: Schema) -> list[str]:
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else named


def _is_a(value: Any, name: str) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "null":
            return value is None
    return False


def _same(value: Any, choice: Any) -> bool:
    return isinstance(value, (str, int, type(None))) and type(value) is type(choice) and bool(value == choice)
