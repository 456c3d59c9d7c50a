"""Recognize ``${...}`` references, whose values are unknown until the model is first used."""

from __future__ import annotations

import re
from collections.abc import Collection

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
