"""Add to a flat schema what editors need: references are allowed as values, and messages are easy to understand."""

from __future__ import annotations

from typing import Any

from modelhub.diagnostics.wording import types
from modelhub.secrets.references import PATTERN
from modelhub.validation.schema.store import Schema

_REFERENCE = f"^{PATTERN}$"  # one reference and nothing else, which may become a number or a boolean
_SCALARS = {"number", "integer", "boolean"}
_ALTERNATIVES = ("anyOf", "oneOf", "allOf", "prefixItems")
_BELOW = ("items", "additionalProperties")


def write_for_editors(schema: Any) -> Any:
    """Return a flat schema of a config's value as editors should read it.

    Keywords that only modelhub understands are left out. A ``${...}`` is allowed wherever modelhub resolves one. Old
    keys say what to write instead, by keywords of VS Code that other validators ignore.
    """
    if not isinstance(schema, dict):
        return schema
    done = {key: value for key, value in schema.items() if not key.startswith("x-") and key != "format"}
    if isinstance(below := done.get("properties"), dict):
        done["properties"] = {name: write_for_editors(below[name]) for name in sorted(below)}
    for key in _ALTERNATIVES:
        if isinstance(done.get(key), list):
            done[key] = [write_for_editors(item) for item in done[key]]
    for key in _BELOW:
        if key in done:
            done[key] = write_for_editors(done[key])
    if schema.get("deprecated") is True:
        done["deprecationMessage"] = schema.get("x-instead", "it is out of date")
    return _allow_references(done, schema.get("x-expects"))


def _allow_references(schema: Schema, expected: str | None) -> Schema:
    named = schema.get("type")
    names = [named] if isinstance(named, str) else list(named or ())
    if "enum" in schema or "const" in schema:
        return _allow_besides_choices(schema)
    if "string" in names:
        if "pattern" in schema:
            schema["pattern"] = f"{schema['pattern']}|{PATTERN}"
            schema["patternErrorMessage"] = f"expected {expected}" if expected else "this has the wrong format"
    elif _SCALARS.intersection(names):
        schema["type"] = [*names, "string"]
        schema["pattern"] = _REFERENCE
        schema["patternErrorMessage"] = f"expected {types(names)}, or one reference such as ${{NAME}}"
    return schema


def _allow_besides_choices(schema: Schema) -> Schema:
    """Move the choices into one of two alternatives, since a reference is not among the choices."""
    judging = ("type", "enum", "const", "minimum", "maximum", "pattern", "minLength")
    choices = {key: schema.pop(key) for key in judging if key in schema}
    values = choices.get("enum", [choices.get("const")])
    if not any(isinstance(value, str | bool | int | float) for value in values):
        return {**schema, **choices}
    pattern = PATTERN if any(isinstance(value, str) for value in values) else _REFERENCE
    reference = {"type": "string", "pattern": pattern}
    alternatives = {"anyOf": [choices, reference]}
    if "anyOf" in schema:
        return {**schema, "allOf": [*schema.get("allOf", []), alternatives]}
    return {**schema, **alternatives}
