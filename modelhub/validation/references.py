"""Recognize ``${...}`` references, whose values are unknown until the model is first used."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from modelhub.validation.schemas import Schema
from modelhub.validation.view import View

_ANY = re.compile(r"(?<!\$)\$\{[^}]+\}")
_EXACT = re.compile(r"\$\{[^}]+\}")
_SCALARS = frozenset({"number", "integer", "boolean"})


def stands_for(text: str, types: Collection[str]) -> bool:
    """Whether ``text`` holds a reference that may become a value of one of these JSON types.

    Any string may hold references; a number or boolean must be exactly one.
    """
    if "${" not in text:
        return False
    if "string" in types:
        return _ANY.search(text) is not None
    return _EXACT.fullmatch(text) is not None and not _SCALARS.isdisjoint(types)


def typed_references(config: dict[str, Any], schema: Schema) -> dict[tuple[str | int, ...], frozenset[str]]:
    """The places of a config where a reference stands for a number or a boolean, and the types they may have."""
    found: dict[tuple[str | int, ...], frozenset[str]] = {}
    if _has_reference(config):
        _gather(View([(schema, schema)]), config, (), found)
    return found


def _has_reference(value: Any) -> bool:
    if isinstance(value, str):
        return "${" in value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_reference(item) for item in items)


def _gather(view: View | None, value: Any, path: tuple[str | int, ...], found: dict[Any, frozenset[str]]) -> None:
    if view is None:
        return
    if isinstance(value, str) and "string" not in view.types and stands_for(value, view.types):
        found[path] = frozenset(view.types & _SCALARS)
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        _gather(view.child(step), item, (*path, step), found)
