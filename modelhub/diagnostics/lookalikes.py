"""Characters that cannot be seen, or that look like others: which of them a text holds, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterator

# Letters that look like Latin ones: https://www.unicode.org/reports/tr39/#Confusable_Detection
_LETTERS = str.maketrans(
    "аеорсухіјѕһԁԛԝкАВЕКМНОРСТУХІЈЅοανρικυτχΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡ",
    "aeopcyxijshdqwkABEKMHOPCTYXIJSoavpikutxABEZHIKMNOPTYXiag",
)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
QUOTES = "“”„‟‘’‚‛«»＂＇`´"
_BLANK_LETTERS = "\u034f\u115f\u1160\u2800\u3164\uffa0"
_JOINERS = "\u200c\u200d"  # which some scripts and emoji need
_CONTROLS = {"\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\t": "TAB"}


def simplify(text: str) -> str:
    """The text that was probably meant: in Latin letters, and without what cannot be seen and quotes around it."""
    if text.isascii():
        return text.strip()
    from unicodedata import normalize

    seen = "".join(char for char in text if not _is_invisible(char) or char.isspace())
    plain = normalize("NFKC", seen.translate(_LETTERS).translate(dict.fromkeys(map(ord, _DASHES), "-")))
    return plain.strip().strip(QUOTES).strip()


def find_odd(name: str) -> list[str]:
    """The characters of a name that nobody would write there on purpose, each once; names in any script are fine."""
    found = [name[at] for at in (0, -1) if name and name[at].isspace()]
    if not name.isascii() or not name.isprintable():
        found += [char for at, char in enumerate(name) if _is_odd(name, at)]
    return list(dict.fromkeys(found))


def find_strange(word: str) -> list[str]:
    """The characters of a word that do not belong into it if it was meant to be in ASCII, each once."""
    return list(dict.fromkeys(char for char in word if char in _CONTROLS or not char.isascii()))


def describe_characters(chars: list[str]) -> str:
    """Name characters by their code points: ``U+200B (ZERO WIDTH SPACE)``."""
    return " and ".join(_describe(char) for char in chars[:3]) + (" and others" if len(chars) > 3 else "")


def add_note(hint: str | None, word: str) -> str | None:
    """Add to a hint which characters of a word that is not known may be the reason."""
    if not (strange := find_strange(word)) or simplify(word) == word:
        return hint
    note = f"it holds {describe_characters(strange)}"
    return f"{hint} {note}" if hint and hint.endswith("?") else f"{hint}; {note}" if hint else note


def find_typographic(line: str) -> Iterator[str]:
    """The characters of a line that a program for writing texts, or a keyboard for Chinese, puts in place of ASCII."""
    for char in dict.fromkeys(line):
        if not char.isascii() and (char in QUOTES or "\uff01" <= char <= "\uff5e" or _is_invisible(char)):
            yield char


def _describe(char: str) -> str:
    from unicodedata import name

    words = _CONTROLS.get(char) or name(char, "")
    return f"U+{ord(char):04X}" + (f" ({words})" if words else "")


def _is_invisible(char: str) -> bool:
    from unicodedata import category

    return char in _BLANK_LETTERS or (char != " " and category(char) in ("Cf", "Cc", "Zs", "Zl", "Zp"))


def _is_odd(name: str, at: int) -> bool:
    char = name[at]
    before, after = name[at - 1 : at], name[at + 1 : at + 2]
    amid_ascii = before.isascii() and after.isascii()
    if _is_invisible(char):
        return amid_ascii or char not in f"{_JOINERS}\u3000"
    if char in _DASHES:
        return amid_ascii and bool(before and after)
    if char in QUOTES:
        return not before or not after
    if "\uff01" <= char <= "\uff5e":  # forms as wide as a Chinese character; punctuation of that kind is usual there
        return char.isalnum() or amid_ascii
    return ord(char) in _LETTERS and _is_mixed(name, at)


def _is_mixed(name: str, at: int) -> bool:
    """Whether the word around a letter has Latin letters, too."""
    start, end = at, at + 1
    while start and name[start - 1].isalpha():
        start -= 1
    while end < len(name) and name[end].isalpha():
        end += 1
    return any(char.isascii() for char in name[start:end])
