"""Reads TOML text as plain data and words its faults for people."""

import re
from collections.abc import Iterator

from modelhub.configs.readers.limits import build_limit_fault, is_limit
from modelhub.configs.readers.positions import Lines, Parsed, TextFault
from modelhub.configs.readers.toml_positions import find_nodes
from modelhub.diagnostics.spelling import respell_word

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate")
_MESSAGES = {
    "Invalid value": ("expected a value", "put text in quotes"),
    "Invalid statement": ("expected 'key = value' or a [table]", "put a key with unusual characters in quotes"),
    "Expected '=' after": ("expected '=' after the key", "write key = value"),
    "Expected newline": ("more text after the value", "put each 'key = value' on its own line"),
    "Expected ']": ("the table name is not closed", "close the ']'"),
    "Unclosed array": ("the array is not closed", "close the '['"),
    "Unclosed inline table": ("the inline table is not closed on its line", "close the '{'"),
    "Unterminated string": ("the string is not closed", "close the quotes"),
    'Expected "': ("the string is not closed", "close the quote"),
    "Illegal character '\\n'": ("the string is not closed on its line", "close the quote"),
    "Unescaped '\\'": ("unknown escape in a string", "write \\\\ for a backslash, or use single quotes"),
    "Duplicate": ("this key is given twice", "remove one of the two"),
    "Cannot ": ("this key or table is defined already", "give each key and [table] once"),
}


def parse_toml(text: str) -> Iterator[Parsed]:
    """Parse one TOML document; raises TextFault for a syntax error."""
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if is_limit(error):
            raise build_limit_fault(text) from None
        faults = find_nodes(text)[1] if str(error).startswith(_TWICE) else []
        if not faults:
            raise _explain(text, str(error)) from None
        yield Parsed(None, lambda: find_nodes(text)[0], faults)
    except (RecursionError, MemoryError):
        raise build_limit_fault(text) from None
    except ValueError:
        match = re.search(r"[\d_]{4000,}", text)
        raise TextFault("MH106", "the number or date is out of range", match.start() if match else 0) from None
    else:
        yield Parsed(data or None, lambda: find_nodes(text)[0])


def _explain(text: str, error: str) -> TextFault:
    """Word the parser's error for people, at the place that the parser named."""
    place = _PLACE.search(error)
    reason = error[: place.start()] if place else error
    offset = len(text)
    if place and place[1]:
        offset = Lines(text).offset(int(place[1]), int(place[2]))
    for known, (message, hint) in _MESSAGES.items():
        if reason.startswith(known):
            if known in ("Invalid value", "Expected newline"):
                hint = respell_word(text, offset) or hint
            return TextFault("MH105" if reason.startswith(_TWICE) else "MH101", message, offset, hint=hint)
    return TextFault("MH101", f"not valid TOML: {reason!r:.200}", offset)
