"""Alternatives that one key tells apart, as ``type`` does the kinds of ``auth``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelhub.validation.schema.store import Schema
from modelhub.validation.schema.view import Part, View


def find_tag(branches: Sequence[Any], root: Schema) -> str | None:
    """The key that has another constant in each of ``branches``, parts of the file ``root``; None if there is none."""
    views = [View([(branch, root)]) for branch in branches]
    common: set[str] = set.intersection(*(view.properties for view in views)) if views else set()
    for key in sorted(common):
        values = [child.first("const") for view in views if (child := view.child(key)) is not None]
        if None not in values and len(set(map(repr, values))) == len(views):
            return key
    return None


def choose(branches: Sequence[Any], root: Schema, tag: str, value: Any) -> Part | None:
    """The branch whose constant ``value`` has under ``tag``; None if no branch has it."""
    told = value.get(tag) if isinstance(value, dict) else None
    for branch in branches:
        child = View([(branch, root)]).child(tag)
        if told is not None and child is not None and child.first("const") == told:
            return branch, root
    return None
