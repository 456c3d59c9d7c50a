"""Makes one schema of several: of those that must all hold, and of those of which one must."""

from __future__ import annotations

from typing import Any

ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly"}
)
_LARGER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_SMALLER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})


class Contradiction(ValueError):
    """Two schemas of which no value fits both, or of which no single schema can be made."""


def merge_schemas(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """A schema for what must fit ``one`` and ``other``; raises Contradiction where there is none.

    Where they cannot be said together, what ``one`` says is kept, so that the result may take more than both.
    """
    merged = dict(one)
    for name, value in other.items():
        if name not in merged:
            merged[name] = value
            continue
        mine = merged[name]
        if mine == value or name in ANNOTATIONS:
            continue
        if name in ("properties", "$defs", "definitions"):
            merged[name] = {
                **mine,
                **{n: _merge_part(mine[n], part) if n in mine else part for n, part in value.items()},
            }
        elif name == "required":
            merged[name] = [*mine, *(n for n in value if n not in mine)]
        elif name == "type":
            merged[name] = _merge_types(mine, value)
        elif name == "enum":
            merged[name] = [item for item in mine if item in value]
            if not merged[name]:
                raise Contradiction("its enums have nothing in common")
        elif name == "const":
            raise Contradiction("it has two values of const")
        elif name == "items":
            merged[name] = _merge_part(mine, value)
        elif name == "additionalProperties":
            merged[name] = False if False in (mine, value) else value if mine is True else mine
        elif name in _LARGER:
            merged[name] = max(mine, value)
        elif name in _SMALLER:
            merged[name] = min(mine, value)
        elif name in ("anyOf", "oneOf", "$ref"):
            raise Contradiction(f"it has {name} twice")
    return merged


def _merge_part(one: Any, other: Any) -> Any:
    if isinstance(one, bool) or isinstance(other, bool):
        return one and other  # true takes everything, false nothing
    return merge_schemas(one, other) if isinstance(one, dict) and isinstance(other, dict) else one


def list_types(kind: Any) -> list[str]:
    """The types that the value of ``type`` allows."""
    return kind if isinstance(kind, list) else [kind]


def _merge_types(one: Any, other: Any) -> Any:
    mine, theirs = list_types(one), list_types(other)
    both = [t for t in mine if t in theirs or (t == "integer" and "number" in theirs)]
    both += ["integer" for t in mine if t == "number" and "integer" in theirs and "integer" not in both]
    if not both:
        raise Contradiction("its types have nothing in common")
    return both[0] if len(both) == 1 else both


def join_alternatives(base: dict[str, Any], alternatives: list[dict[str, Any]]) -> dict[str, Any]:
    """One schema of an object for all of the ``alternatives`` beside ``base``.

    It has the properties of all of them, and requires what each of them requires.
    """
    whole = [merge_schemas(base, alternative) for alternative in alternatives]
    if any("object" not in list_types(part.get("type", "object")) for part in whole):
        raise Contradiction("its alternatives are not all objects")
    told: dict[str, list[Any]] = {}
    for part in whole:
        for name, schema in part.get("properties", {}).items():
            known = told.setdefault(name, [])
            if schema not in known:
                known.append(schema)
    first = whole[0].get("required", [])
    required = [name for name in first if all(name in part.get("required", []) for part in whole)]
    joined = {
        **base,
        "type": "object",
        "properties": {name: known[0] if len(known) == 1 else {"anyOf": known} for name, known in told.items()},
    }
    joined.pop("required", None)
    if required:
        joined["required"] = required
    if all(part.get("additionalProperties") is False for part in whole):
        joined["additionalProperties"] = False
    else:
        joined.pop("additionalProperties", None)
    defs = {name: part for one in whole for name, part in one.get("$defs", {}).items()}
    return {**joined, "$defs": defs} if defs else joined


def name_type(value: Any) -> str:
    """The type that JSON Schema calls the type of a value."""
    if value is None:
        return "null"
    names = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in names if isinstance(value, kind)), "object")


def allow_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that also takes null."""
    kind = schema.get("type")
    if kind is not None and "null" in list_types(kind):
        if "enum" not in schema or None in schema["enum"]:
            return schema
        return {**schema, "enum": [*schema["enum"], None]}
    if kind is None and "anyOf" in schema:
        takes = any(isinstance(part, dict) and "null" in list_types(part.get("type")) for part in schema["anyOf"])
        return schema if takes else {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if kind is None or "const" in schema or "anyOf" in schema or {"object", "array"} & set(list_types(kind)):
        return {"anyOf": [schema, {"type": "null"}]}
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [*list_types(kind), "null"], **enum}
