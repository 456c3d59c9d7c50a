"""Questions for slips: the known name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def ask_near(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the known name that is most like ``name``; empty where none is like it."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), 1, 0.7)
    return f"; did you mean {near[0]!r}?" if near else ""
