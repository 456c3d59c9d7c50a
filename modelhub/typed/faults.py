"""What is wrong between Python's types and JSON: types that JSON does not have, and JSON that does not fit its type."""

from __future__ import annotations

from typing import Any

from modelhub.printable import printable, shorten


class NoForm(ValueError):
    """An annotation, or a function, that has no form in JSON; the text says which and why."""


class Misfit(ValueError):
    """A value that does not fit its annotation: ``place`` is the path to it, ``why`` what it must be."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place or 'the value'} {why}")
        self.place = place
        self.why = why


def show(value: Any) -> str:
    """A value as JSON's words call it, in short."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "null" if value is None else printable(shorten(repr(value), 80))


def join(words: list[str]) -> str:
    """Alternatives: "a, b or c"."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
