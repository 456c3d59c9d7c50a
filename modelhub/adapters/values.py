"""Values that expressions find in replies, read as what they are to be: texts, words, numbers."""

from __future__ import annotations

import json
import math
from typing import Any

from modelhub.adapters.expressions import Expression, ExpressionFault, compile_expression
from modelhub.errors import ConfigError, ResponseParsingError
from modelhub.wire import mend_text


class Field:
    """One expression of a config: ``key`` is its place there. Called with a document, it gives what it finds.

    Raises ResponseParsingError, which names the key and the expression, where it cannot be evaluated.
    """

    __slots__ = ("expression", "key")

    def __init__(self, expression: Expression, key: str) -> None:
        self.expression = expression
        self.key = key

    def __call__(self, document: Any) -> Any:
        try:
            return self.expression(document)
        except ExpressionFault as fault:
            raise ResponseParsingError(f"{self.name} cannot be evaluated: {fault}") from None

    @property
    def name(self) -> str:
        """The place and the text of the expression, as messages name it."""
        return f"{self.key} ({self.expression.text})"

    def find(self, document: Any) -> Any:
        """What it finds; nothing where it cannot be evaluated."""
        try:
            return self.expression(document)
        except ExpressionFault:
            return None


def compile_field(text: Any, key: str) -> Field | None:
    """The expression ``text`` at the place ``key``; None where there is none. Raises ConfigError for a wrong one."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise ConfigError(f"{key} is not an expression: a text is needed, not a {type(text).__name__}")
    return Field(compile_expression(text, key), key)


def read_text(value: Any) -> str | None:
    """A value as text: a list is joined, a number is written as JSON writes it; None where there is no text in it.

    False is none: it is what ``type == 'token' && value`` gives where the type is another.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _join(value)
    if value is None or value is False or isinstance(value, dict):
        return None
    return json.dumps(value)


def _join(values: list[Any]) -> str | None:
    """The texts of a list and of the lists in it, one after the other; None if there is none."""
    texts: list[str] = []
    waiting = [iter(values)]
    while waiting:
        for value in waiting[-1]:
            if isinstance(value, list):
                waiting.append(iter(value))
                break
            text = read_text(value)
            if text is not None:
                texts.append(text)
        else:
            waiting.pop()
    return mend_text("".join(texts)) if texts else None


def read_word(value: Any) -> str | None:
    """A value that stands for itself, such as a name or a code, as text; None where it says nothing or is no such."""
    if isinstance(value, str):
        return value or None
    return None if value is None or isinstance(value, list | dict) else json.dumps(value)


def read_count(value: Any) -> int | None:
    """A number of tokens, also one in digits; None for all else."""
    number = read_number(value)
    return None if number is None else int(number)


def read_number(value: Any) -> float | int | None:
    """A finite number of 0 or more, also one in digits; None for all else."""
    if isinstance(value, str):
        try:
            value = float(value) if len(value) <= 40 else None
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if is_finite(value) and value >= 0 else None


def is_finite(number: float | int) -> bool:
    """Whether this is a number that a float can hold."""
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer of hundreds of digits
        return False
