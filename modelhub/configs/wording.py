"""How values are named and misspelt words are answered in what is said about the shape of a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def describe(value: Any) -> str:
    """Name the kind of a value, never the value."""
    kinds = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    if type(value) in kinds:
        return kinds[type(value)]
    return "a number" if isinstance(value, int | float) else type(value).__name__


def suggest_name(name: str, known: Iterable[str], what: str) -> str:
    """Hint at the name that was probably meant, else at the known ones; ``what`` is the plural of what they name."""
    from difflib import get_close_matches

    names = list(known)
    if near := get_close_matches(name, names, n=1):
        return f"did you mean '{near[0]}'?"
    return f"the {what} are: {', '.join(names[:20])}" if names else f"there are no {what}"
