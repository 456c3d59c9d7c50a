"""Spellings that work: text in the quotes of its format, and numbers and booleans that were written as text."""

from __future__ import annotations

import json
from collections.abc import Collection
from math import isfinite
from typing import Any, NamedTuple

from modelhub.diagnostics.lookalikes import simplify
from modelhub.patterns import expression

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "y", "t"), "true"),
    **dict.fromkeys(("false", "no", "off", "n", "f"), "false"),
}
_LONGEST = 80
_WORD = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+-.")
_THOUSANDS = expression(r"[+-]?\d{1,3}(?:,\d{3})++")
_DURATION = expression(r"(\d++(?:\.\d++)?)\s*+(ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


class Source(NamedTuple):
    """A scalar as it stands in a file, and the format of the file."""

    text: str
    format: str

    @property
    def is_quoted(self) -> bool:
        """Whether it is written as text."""
        return self.text[:1] in ("'", '"', "|", ">")

    def find_offset(self, value: str, column: int) -> int | None:
        """Where in the text the character at ``column`` of the value stands, the first being 0.

        None where the text has several lines, or escapes that only its parser can read.
        """
        mark = self.text[:1]
        if "\n" in self.text:
            return None
        if mark == "'" and self.format == "yaml":
            before = value[: column - 1]
            return column + before.count("'") if self.text[1:-1].replace("''", "'") == value else None
        if mark in ("'", '"'):
            inner = self.text[1:-1]
            if mark == '"' and inner.replace('\\"', '"') == value:
                return column + value[:column].count('"')
            return column if inner == value else None
        return column - 1 if self.text == value else None


def quote(text: str, format: str | None) -> str:
    """Write text as a string of a format; None stands for Python."""
    if format == "yaml":
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False) if format else repr(text)


def advise_quotes(value: Any, source: Source | None) -> str:
    """Advise to put a number, a boolean or null in quotes, as it stands in the file: the parser may have changed it."""
    if source is not None and source.format == "yaml" and source.text.startswith("*"):
        return "put what the alias stands for in quotes"
    text = source.text if source else str(value)
    if source is not None and source.is_quoted:
        return "remove the tag before the quotes"
    return (
        f"put it in quotes: {quote(text, source.format if source else None)}"
        if len(text) <= _LONGEST
        else "put it in quotes"
    )


def respell(text: str, names: Collection[str], source: Source | None) -> str | None:
    """Say how to write text where a number or a boolean belongs; None if it means neither."""
    text = simplify(text).lower()
    bare = "" if source is not None and not source.is_quoted else " without quotes"
    if "boolean" in names and text in _BOOLEANS:
        return f"write {_BOOLEANS[text]}{bare}"
    if not {"number", "integer"} & set(names) or len(text) > _LONGEST:
        return None
    number = parse_number(text)
    if number is not None and ("number" in names or number == int(number)):
        return f"write {write_number(number)}{bare}"
    duration = _DURATION.fullmatch(text)
    if "number" in names and duration:
        unit = duration[2] if duration[2] == "ms" else duration[2][0]
        return f"write a number of seconds: {write_number(round(float(duration[1]) * _SECONDS[unit], 6))}"
    return None


def respell_word(text: str, offset: int) -> str | None:
    """Say how JSON and TOML write the number or boolean at which a parser has stopped; None if there is none."""
    start = end = offset
    while start > max(0, offset - _LONGEST) and text[start - 1] in _WORD:
        start -= 1
    while end < min(len(text), offset + _LONGEST) and text[end] in _WORD:
        end += 1
    word = text[start:end].lower()
    if word in _BOOLEANS:
        return f"write {_BOOLEANS[word]}"
    number = parse_number(word)
    return None if number is None else f"write {write_number(number)}"


def parse_number(text: str) -> float | None:
    """The number that text means in one of the ways in which people and programs write numbers, if it means one."""
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    text = text.replace(",", ".").replace("_", "")
    if text.lstrip("+-").isdecimal():
        return int(text)
    try:
        number = int(text, 0) if text.lstrip("+-")[:2] in ("0x", "0o", "0b") else float(text)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def write_number(number: float) -> str:
    """A number as YAML 1.1, YAML 1.2, JSON and TOML read it alike."""
    if not isfinite(number):
        return repr(number)
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    mantissa, e, exponent = repr(number).partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else f"{mantissa}{e}{exponent}"
