"""Reads JSON with comments and trailing commas, as editors write it."""

import re
from collections.abc import Iterator

from modelhub.configs.readers.json_reader import parse_json
from modelhub.configs.readers.positions import Parsed, TextFault

_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_COMMENT = re.compile(rf"(?P<string>{_STRING})|//[^\n\r]*+|/\*(?:[^*]|\*(?!/))*+(?P<end>\*/)?", re.DOTALL)
_COMMA = re.compile(rf"(?P<string>{_STRING})|,(?=\s*+[}}\]])", re.DOTALL)
_SEEN = re.compile(r"[^\n\r]")


def parse_jsonc(text: str) -> Iterator[Parsed]:
    """Parse one JSON document with comments; raises TextFault for a syntax error."""
    yield from parse_json(blank_out(text))


def blank_out(text: str) -> str:
    """Write blanks for comments and trailing commas, so that every place stays what it is; raises TextFault."""
    return _COMMA.sub(lambda match: match["string"] or " ", _COMMENT.sub(_blank_comment, text))


def _blank_comment(match: re.Match[str]) -> str:
    if match["string"]:
        return match["string"]
    if match[0].startswith("/*") and not match["end"]:
        raise TextFault("MH101", "the comment that starts here is not closed", match.start(), hint="close it with */")
    return _SEEN.sub(" ", match[0])
