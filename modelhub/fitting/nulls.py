"""Takes out of a value the nulls that stand for properties it need not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.fitting.pointers import find_target


def drop_nulls(value: Any, schema: Any) -> Any:
    """``value`` without the nulls of properties that ``schema`` neither requires nor lets be null.

    A vendor that requires every property answers so where there is nothing to say.
    """
    return _drop(value, [schema], schema)


def _drop(value: Any, schemas: list[Any], root: Any) -> Any:
    if isinstance(value, dict):
        parts = [part for schema in schemas for part in _open(schema, root)]
        kept: dict[str, Any] = {}
        for name, item in value.items():
            holders = [part for part in parts if name in (part.get("properties") or {})]
            told = [part["properties"][name] for part in holders]
            wanted = any(name in (part.get("required") or ()) for part in holders)
            if item is None and holders and not wanted and not any(_takes_null(one, root) for one in told):
                continue
            kept[name] = _drop(item, told, root) if told else item
        return kept
    if isinstance(value, list):
        parts = [part for schema in schemas for part in _open(schema, root)]
        items = [part["items"] for part in parts if isinstance(part.get("items"), dict)]
        return [_drop(item, items, root) for item in value] if items else value
    return value


def _open(schema: Any, root: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """A schema, what it refers to, and its alternatives."""
    if not isinstance(schema, dict) or depth > 20:
        return
    yield schema
    if isinstance(schema.get("$ref"), str):
        yield from _open(find_target(root, schema["$ref"]), root, depth + 1)
    for name in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(name) or ():
            yield from _open(part, root, depth + 1)


def _takes_null(schema: Any, root: Any, depth: int = 0) -> bool:
    """Whether a schema lets its value be null, as far as its types say."""
    if not isinstance(schema, dict):
        return schema is True
    kind = schema.get("type", "null")
    if kind != "null" and not (isinstance(kind, list) and "null" in kind):
        return False
    if schema.get("const") is not None or None not in schema.get("enum", [None]):
        return False
    if depth > 20:
        return True
    ref = schema.get("$ref")
    if isinstance(ref, str) and not _takes_null(find_target(root, ref), root, depth + 1):
        return False
    if not all(_takes_null(part, root, depth + 1) for part in schema.get("allOf", ())):
        return False
    choices = [schema[name] for name in ("anyOf", "oneOf") if name in schema]
    return all(any(_takes_null(part, root, depth + 1) for part in parts) for parts in choices)
