"""Check one value against any JSON Schema."""

from __future__ import annotations

from typing import Any


def find_mismatch(value: Any, schema: dict[str, Any]) -> str | None:
    """Say the first thing wrong with ``value``, None when it fits; a schema that is none itself is no judge."""
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.exceptions import best_match

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return None
    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is None:
        return None
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    return f"{place.removeprefix('.') or 'the value'}: {error.message[:300]}"
