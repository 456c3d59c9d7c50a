"""Text from outside, written so that it stands on one line, does nothing to a terminal, and is short."""

from __future__ import annotations

_NOTE = 30  # characters that the note of what is left out may take
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str, *, keep: str = "") -> str:
    """Write every character that cannot be seen as an escape, such as ``\\x1b``, except those to ``keep``.

    A byte of a file name that is not UTF-8 is written as ``\\xff``.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else _escape(char) for char in text)


def shorten(text: str, most: int) -> str:
    """Leave out the middle of a text with more than ``most`` characters, unless the note of it would be as long.

    What is shortened stays as it is when it is shortened again.
    """
    if len(text) <= most + _NOTE:
        return text
    tail = most // 4
    return f"{text[: most - tail]}...({len(text):,} characters)...{text[-tail:]}"


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # as the operating system's functions write an undecodable byte
        return f"\\x{ord(char) - 0xDC00:02x}"
    if char in _NAMED:
        return _NAMED[char]
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else char.encode("ascii", "backslashreplace").decode()
