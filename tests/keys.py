"""The keys that a schema knows."""

from __future__ import annotations

from typing import Any


def find_keys(schema: Any) -> set[str]:
    """Every key that a schema knows, at any depth."""
    if isinstance(schema, list):
        return {key for item in schema for key in find_keys(item)}
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", ())) | {key for item in schema.values() for key in find_keys(item)}
