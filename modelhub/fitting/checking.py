"""Whether a schema is one, and a little mending: what nearly is JSON Schema becomes it."""

from __future__ import annotations

from typing import Any

from modelhub.fitting.pointers import NAMED, ONE, SEVERAL

TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_TEXTS = ("$ref", "pattern", "format", "title", "description", "$id", "$schema", "$anchor")
_NEVER_NULL = frozenset((*_TEXTS, *ONE, *SEVERAL, *NAMED, "required", "enum", "type"))
_DEEPEST = 100


class Unfit(ValueError):
    """A schema that cannot be sent: ``path`` says which part of it, ``why`` the reason."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def check_schema(schema: Any, path: str = "", depth: int = 0) -> None:
    """Raise Unfit where ``schema`` is no JSON Schema.

    It is changed in place where it says the same in the words of OpenAPI, as Gemini's ``parameters`` do: types in
    capitals, ``nullable``, and numbers as text; and where a text is null.
    """
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise Unfit(path, f"a schema is an object, not {_describe(schema)}")
    if depth > _DEEPEST:
        raise Unfit("", f"it is nested more than {_DEEPEST} levels deep")
    for name in [name for name in schema if schema[name] is None and name in _NEVER_NULL]:
        del schema[name]
    for name in NAMED:
        if schema.get(name) == []:  # PHP's empty object
            schema[name] = {}
    if "type" in schema:
        _check_type(schema, path)
    for name in _TEXTS:
        if name in schema and not isinstance(schema[name], str):
            raise Unfit(f"{path}.{name}", f"it must be a text, not {_describe(schema[name])}")
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise Unfit(f"{path}.required", f"it must be a list of names of properties, not {_describe(required)}")
    if "enum" in schema and not (isinstance(schema["enum"], list) and schema["enum"]):
        raise Unfit(f"{path}.enum", "it must be a list of at least one value")
    for name in (*_NUMBERS, *_COUNTS):
        if name in schema:
            _check_number(schema, name, path)
    for name in ONE:
        value = schema.get(name)
        if name in schema and not (name == "items" and isinstance(value, list)):
            check_schema(value, f"{path}.{name}", depth + 1)
    for name in (*SEVERAL, "items"):
        value = schema.get(name)
        if name in SEVERAL and name in schema and not (isinstance(value, list) and value):
            raise Unfit(f"{path}.{name}", f"it must be a list of schemas, not {_describe(value)}")
        if isinstance(value, list):
            for n, part in enumerate(value):
                check_schema(part, f"{path}.{name}[{n}]", depth + 1)
    for name in NAMED:
        if name in schema:
            value = schema[name]
            if not isinstance(value, dict):
                raise Unfit(f"{path}.{name}", f"it must be an object of schemas by name, not {_describe(value)}")
            for key, part in value.items():
                check_schema(part, f"{path}.{name}.{key}", depth + 1)


def _check_type(schema: dict[str, Any], path: str) -> None:
    kind = schema["type"]
    kinds = kind if isinstance(kind, list) else [kind]
    openapi = any(isinstance(one, str) and one.isupper() and one.lower() in TYPES for one in kinds)
    if openapi:
        kinds = [one.lower() if isinstance(one, str) else one for one in kinds]
        if schema.pop("nullable", False) and "null" not in kinds:
            kinds.append("null")
            if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
                schema["enum"].append(None)
        if schema.get("format") == "enum":
            del schema["format"]
        for name in _COUNTS:
            if isinstance(schema.get(name), str) and schema[name].isdigit():
                schema[name] = int(schema[name])
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    for one in kinds or [kind]:
        if one not in TYPES:
            raise Unfit(f"{path}.type", f"it must be one of {', '.join(TYPES)}, not {_describe(one)}")


def _check_number(schema: dict[str, Any], name: str, path: str) -> None:
    value = schema[name]
    if value is None:
        del schema[name]
    elif name.startswith("exclusive") and isinstance(value, bool):  # in the drafts before the sixth
        bound = "minimum" if name == "exclusiveMinimum" else "maximum"
        del schema[name]
        if value and bound in schema:
            schema[name] = schema.pop(bound)
    elif isinstance(value, bool) or not isinstance(value, int | float) or (name in _COUNTS and value < 0):
        raise Unfit(f"{path}.{name}", f"it must be a number, not {_describe(value)}")


def _describe(value: Any) -> str:
    return repr(value)[:60] if isinstance(value, str | int | float | bool | None) else type(value).__name__
