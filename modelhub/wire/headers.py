"""What an HTTP header can carry: a name without blanks, and one line of Latin text."""

from __future__ import annotations

from modelhub.patterns import expression

_NAME = expression(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD = expression("[^\t\x20-\x7e\xa1-\xff]")
_WORDS = {"\n": "a line end", "\r": "a line end", "\0": "a NUL character", "\ufeff": "a byte order mark"}


def is_header_name(name: str) -> bool:
    """Whether a header may have this name."""
    return _NAME.fullmatch(name) is not None


def explain_unsendable(text: str) -> str | None:
    """What in ``text`` a header cannot carry, in words that do not show the text; None if there is nothing."""
    found = _BAD.search(text)
    if found is None:
        return None
    char = found[0]
    kind = "control character" if ord(char) < 0xA0 else "invisible character" if not char.isprintable() else "character"
    return _WORDS.get(char) or f"the {kind} U+{ord(char):04X}"
