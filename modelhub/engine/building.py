"""The guard of requests: what fails while one is built is told as a mistake of the call, with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.errors import BadRequestError

# What building a request of values of the wrong kind raises, encoding and foreign code included.
FOREIGN = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError)
FAILURES = (BadRequestError, *FOREIGN)

Build = Callable[[Any, dict[str, Any]], object]


def locate(error: Exception, build: Build, call: Any) -> BadRequestError:
    """The error to raise when ``build`` has failed with ``error`` for what ``call`` asks; it names the place of that.

    The place is an option, or an item or a part of the input.
    """
    if isinstance(error, BadRequestError) and "[" in error.message:
        return error
    place = _find_place(_Trial(error, build), call.model.input_name, call.input, call.options)
    if isinstance(error, BadRequestError):
        if place is not None and "[" in place:
            error.message = f"{place}: {error.message}"
            error.args = (error.message,)
        return error
    return BadRequestError(f"{place or 'the request'} cannot be sent: {explain(error)}")


def explain(error: Exception) -> str:
    """Why something cannot be sent, for what building it has raised."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return f"{str(error)[:300] or type(error).__name__}"


class _Trial:
    """Whether an input and options make ``build`` fail in the same way."""

    def __init__(self, error: Exception, build: Build) -> None:
        self._failure = type(error), str(error)
        self._build = build

    def fails(self, input: Any, options: dict[str, Any]) -> bool:
        try:
            self._build(input, dict(options))
        except Exception as error:  # any other failure is not the one that is looked for
            return (type(error), str(error)) == self._failure
        return False


def _find_place(trial: _Trial, name: str, input: Any, options: dict[str, Any]) -> str | None:
    """The option without which ``trial`` succeeds, or the item of the input with which it begins to fail; else None."""
    for option in options:
        if not trial.fails(input, {other: value for other, value in options.items() if other != option}):
            return option
    if not isinstance(input, list):
        return name
    n = None if trial.fails([], options) else _find_first(input, lambda items: trial.fails(items, options))
    if n is None:
        return None
    place, item = f"{name}[{n}]", input[n]
    parts = item.get("content") if isinstance(item, dict) else None
    if not isinstance(parts, list):
        return place

    def fails(parts: list[Any]) -> bool:
        return trial.fails([*input[:n], {**item, "content": parts}], options)

    m = None if fails([]) else _find_first(parts, fails)
    return place if m is None else f"{place}.content[{m}]"


def _find_first(items: list[Any], fails: Callable[[list[Any]], bool]) -> int | None:
    """The item with which the beginning of ``items`` first fails, found by halving; None if not even all of it does."""
    low, high = 0, len(items)
    if not high or not fails(items):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if fails(items[:middle]):
            high = middle
        else:
            low = middle
    return high - 1
