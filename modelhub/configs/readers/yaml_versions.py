"""Where YAML 1.1, which PyYAML reads, and YAML 1.2, which editors and other languages read, differ about a scalar."""

from __future__ import annotations

from typing import Any

from modelhub.diagnostics.spelling import write_number
from modelhub.patterns import expression

# The core schema: https://yaml.org/spec/1.2.2/#103-core-schema
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_BASES = {"0o": 8, "0x": 16}
_INTEGER = expression(r"[+-]?[0-9]++|0o[0-7]++|0x[0-9a-fA-F]++")
_FLOAT = expression(
    r"[+-]?(?:\.[0-9]++|[0-9]++(?:\.[0-9]*+)?)(?:[eE][+-]?[0-9]++)?|[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


def read_core(text: str) -> Any:
    """The value of a plain scalar in YAML 1.2; raises ValueError for a number that Python refuses for its length."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text[2:], _BASES[text[:2]]) if text[:2] in _BASES else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def explain_difference(text: str, value: Any) -> tuple[str, str] | None:
    """Say how YAML 1.2 reads a plain scalar whose value here is ``value``, and what to write; None if it agrees."""
    try:
        other = read_core(text)
    except ValueError:
        return None
    if type(other) is type(value) and (other == value or other != other):
        return None
    here, there = _describe(value), _describe(other)
    message = f"{text:.80} is {here} in YAML 1.1, which is read here, and {there} in YAML 1.2, as in most editors"
    return message, _advise(text, value, other)


def _advise(text: str, value: Any, other: Any) -> str:
    quoted = f"'{text:.80}'"
    if isinstance(value, str):
        return f"put it in quotes: {quoted}"
    plain = write_number(value) if not isinstance(value, bool) else str(value).lower()
    if isinstance(other, str):
        return f"write {plain}, or {quoted} if text is meant"
    return f"write {plain} or {write_number(other)}, whichever is meant"


def _describe(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"text ('{value:.80}')" if isinstance(value, str) else write_number(value)
