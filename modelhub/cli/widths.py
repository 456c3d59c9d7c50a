"""How many columns of a terminal a text takes, where Chinese, Japanese and Korean characters take two."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator


def measure(text: str) -> int:
    """The columns that a text takes."""
    return len(text) if text.isascii() else sum(map(_measure, text))


def _measure(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):  # they stand on the character before
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, width: int) -> str:
    """A text with blanks after it, so that it takes ``width`` columns."""
    return text + " " * (width - measure(text))


def cut(text: str, width: int) -> str:
    """A text that takes at most ``width`` columns, with ``...`` at the end of one that is longer."""
    if measure(text) <= width:
        return text
    while measure(text) > width - 3:
        text = text[: min(len(text) - 1, width)]
    return f"{text}..."


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """A text in lines of at most ``width`` columns, all but the first after ``indent``; at least one line.

    Lines end between words and beside wide characters; only a word that is too long makes a line too long.
    """
    if measure(text) <= width:
        return [text]
    lines = [text[: len(text) - len(text.lstrip())]]
    blank = True
    for word in text.split():
        for part in _split(word):
            joined = lines[-1] + (" " if lines[-1].strip() and blank else "") + part
            if measure(joined) <= width or not lines[-1].strip():
                lines[-1] = joined
            else:
                lines.append(indent + part)
            blank = False
        blank = True
    return lines


def find_longest(text: str) -> int:
    """The columns of the longest part of a text that no line ends in."""
    return max((measure(part) for word in text.split() for part in _split(word)), default=0)


def _split(word: str) -> Iterator[str]:
    """The parts of a word that may stand on different lines: all of it, but for wide characters."""
    if word.isascii():
        yield word
        return
    part = ""
    for char in word:
        is_wide = _measure(char) == 2
        closes = unicodedata.category(char) in ("Pe", "Pf", "Po") or _measure(char) == 0  # as a comma does
        if part and not closes and (is_wide or _measure(part[-1]) != 1):
            yield part
            part = ""
        part += char
    yield part
