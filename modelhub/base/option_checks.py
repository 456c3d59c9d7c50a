"""Checks of values by a JSON Schema, each compiled once to a function; and the words for what one refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean, either, kind, quoting_hint, shown, types
from modelhub.plugins.option_schemas import Part

Check = Callable[[Any], bool]

_DEEPEST = 8
_FAST: Mapping[str, tuple[type, ...]] = {"number": (float, int), "integer": (int,)}
_PLAIN = frozenset({"type", "minimum", "maximum", "title", "description", "default", "examples"})
_JSON = (str, int, float, list, tuple, Mapping)


def build_check(part: Part, depth: int = 0) -> Check | None:
    """What tells whether a value fits the schema; None where the schema refuses nothing.

    The keywords that count are those of the schemas of options; others refuse nothing.
    """
    schema = part.schema
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    checks = [check for keyword, rule in schema.items() if (check := _build(keyword, rule, part, depth)) is not None]
    if checks and schema.get("type") in tuple(_FAST):
        return _build_number(schema, _build_all(checks))
    return checks[0] if len(checks) == 1 else _build_all(checks)


def _build_number(schema: Mapping[str, Any], check: Check | None) -> Check | None:
    """``check``, which is asked only for what is not plainly a number within its bounds, as nearly all are."""
    if check is None or not schema.keys() <= _PLAIN:
        return check
    kinds, slow = _FAST[schema["type"]], check
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    return lambda value: (type(value) in kinds and low <= value <= high) or slow(value)


def _build(keyword: str, rule: Any, part: Part, depth: int) -> Check | None:
    match keyword:
        case "type":
            return _build_type([rule] if isinstance(rule, str) else rule)
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return _build_bounds(part.schema) if keyword == _find_bounds(part.schema)[0] else None
        case "enum":
            return lambda value: any(_same(value, choice) for choice in rule)
        case "const":
            return lambda value: _same(value, rule)
        case "$ref":
            target = part.follow(rule)
            return None if target is None else build_check(target, depth + 1)
        case "anyOf" | "oneOf":
            return _build_alternatives([build_check(part.step(one), depth + 1) for one in rule])
        case "allOf":
            return _build_all([build_check(part.step(one), depth + 1) for one in rule])
        case "minLength" | "minItems" | "maxLength" | "maxItems":
            return _build_size(keyword, rule)
        case "pattern":
            return lambda value: not isinstance(value, str) or re.search(rule, value) is not None
        case "items":
            return _build_items(build_check(part.step(rule), depth + 1))
        case "properties" | "additionalProperties" if depth < _DEEPEST:
            return _build_properties(part, depth) if keyword == _first(part.schema) else None
    return None


def _first(schema: Mapping[str, Any]) -> str:
    return "properties" if "properties" in schema else "additionalProperties"


def _build_type(names: Sequence[str]) -> Check | None:
    if list(names) == ["number"]:
        return lambda value: type(value) in (float, int) or _is_number(value)
    if list(names) == ["integer"]:
        return lambda value: type(value) is int or _is_integer(value)
    kinds = tuple(kind for name in names for kind in _KINDS.get(name, ()))
    counts = _is_number if "number" in names else _is_integer if "integer" in names else None
    if counts is None:
        return lambda value: isinstance(value, kinds)
    return lambda value: isinstance(value, kinds) or counts(value)


_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (Mapping,),
    "null": (type(None),),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


def _find_bounds(schema: Mapping[str, Any]) -> list[str]:
    return [name for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if name in schema]


def _build_bounds(schema: Mapping[str, Any]) -> Check:
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")

    def check(value: Any) -> bool:
        if type(value) not in (float, int) and not _is_number(value):
            return True
        return low <= value <= high and (above is None or value > above) and (below is None or value < below)

    return check


def _build_alternatives(checks: list[Check | None]) -> Check | None:
    known = [check for check in checks if check is not None]
    return (lambda value: any(check(value) for check in known)) if len(known) == len(checks) else None


def _build_all(checks: Sequence[Check | None]) -> Check | None:
    known = [check for check in checks if check is not None]
    return (lambda value: all(check(value) for check in known)) if known else None


def _build_size(keyword: str, rule: int) -> Check:
    sized: Any = str if keyword.endswith("Length") else (list, tuple)
    if keyword.startswith("min"):
        return lambda value: not isinstance(value, sized) or len(value) >= rule
    return lambda value: not isinstance(value, sized) or len(value) <= rule


def _build_items(item: Check | None) -> Check | None:
    if item is None:
        return None
    fits: Check = item
    return lambda value: not isinstance(value, list | tuple) or all(map(fits, value))


def _build_properties(part: Part, depth: int) -> Check | None:
    named = part.schema.get("properties", {})
    checks = {name: build_check(part.step(each), depth + 1) for name, each in named.items()}
    others = part.schema.get("additionalProperties")
    closed = others is False
    rest = build_check(part.step(others), depth + 1)
    if not closed and rest is None and not any(checks.values()):
        return None

    def check(value: Any) -> bool:
        if not isinstance(value, Mapping):
            return True
        for name, each in value.items():
            fits = checks.get(name, rest)
            if (closed and name not in checks) or (fits is not None and not fits(each)):
                return False
        return True

    return check


def _same(value: Any, choice: Any) -> bool:
    return bool(value == choice) and isinstance(value, bool) is isinstance(choice, bool)


def explain_value(part: Part, name: str, value: Any) -> str | None:
    """Why a value does not fit, and what would; None for what JSON does not have, which is told when it is written."""
    if not isinstance(value, _JSON) or (isinstance(value, float) and not isfinite(value)):
        return None
    schema = gather(part)
    secret = bool(schema.get("writeOnly"))
    text = shown(value, secret=secret)
    but = f", not {text}" if text else ""
    named = schema.get("type", ())
    wanted = [named] if isinstance(named, str) else list(named)
    fits = _build_type(wanted) if wanted else None
    if fits is not None and not fits(value):
        hint = quoting_hint(value, wanted, secret=secret)
        shape = f" ({text})" if text else ""
        return f"{name} must be {types(wanted)}, not {kind(value)}{shape}{f': {hint}' if hint else ''}"
    if "enum" in schema:
        choices = [str(shown(choice, secret=False)) for choice in schema["enum"]]
        near = suggest(value, [choice.strip("'") for choice in choices]) if isinstance(value, str) else None
        return f"{name} must be {either(choices)}{but}{f': {did_you_mean(near)}' if near else ''}"
    if _find_bounds(schema) and _is_number(value):
        return f"{name} must be {_describe_range(schema)}{but}"
    says = str(schema.get("description", "")).rstrip(".")
    return f"{name} does not fit its schema{but}{f': {says[:1].lower()}{says[1:]}' if says else ''}"


def gather(part: Part) -> Mapping[str, Any]:
    """The keywords of a schema and of what it refers to; its own win."""
    gathered: dict[str, Any] = {}
    seen: Part | None = part
    for _ in range(_DEEPEST):
        if seen is None or not isinstance(seen.schema, Mapping):
            break
        gathered = {**seen.schema, **gathered}
        seen = seen.follow(seen.schema.get("$ref"))
    return gathered


def _describe_range(schema: Mapping[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f"between {schema['minimum']} and {schema['maximum']}"
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "greater than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    return " and ".join(f"{words[name]} {schema[name]}" for name in words if name in schema)
