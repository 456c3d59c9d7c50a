"""Finds how the text of a stream is cut into events, and cuts it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_FIELD = re.compile(r"(data|event|id|retry)(?::|$)|:")
_PREFIX = re.compile(r"\S{1,20}?\s?(?=[\[{\"])|[^\s\w{\[\"]{1,6}\s?|[A-Za-z]\w{0,15}[:=>|]+\s?")


@dataclass(frozen=True, slots=True)
class Piece:
    """One event: its data as it stands, as a document, and its name."""

    data: str
    document: Any
    name: str = ""
    is_json: bool = True


@dataclass(frozen=True, slots=True)
class Cut:
    """How a stream is cut, as the config's ``stream`` says it, and its events."""

    config: dict[str, Any]
    pieces: list[Piece] = field(default_factory=list)


def cut(text: str) -> Cut:
    """Find the framing of a stream and cut it into events."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return Cut({"framing": "text"})
    fields = any(line.startswith(("data:", "event:")) for line in lines) and all(map(_FIELD.match, lines))
    if fields and not _lacks_gaps(text, lines):
        return Cut({"framing": "sse"}, _cut_sse(text))
    array = _read(text)
    if isinstance(array, list) and array:
        return Cut({"framing": "json_array"}, [_build(json.dumps(item, ensure_ascii=False)) for item in array])
    whole = [isinstance(_read(line), dict | list) for line in lines]
    if all(whole) or (len(lines) > 2 and all(whole[:-1])):
        return Cut({"framing": "ndjson"}, [_build(line) for line in lines])
    prefix = _find_prefix(lines)
    if prefix is not None:
        return Cut(
            {"framing": "lines", "prefix": prefix},
            [_build(line[len(prefix) :].strip()) for line in lines if line.startswith(prefix)],
        )
    return Cut({"framing": "text"}, [Piece(text, {"body": text}, is_json=False)])


def _lacks_gaps(text: str, lines: list[str]) -> bool:
    """Whether each line is an event by itself, which no empty line ends."""
    data = [line for line in lines if line.startswith("data:")]
    return len(data) > 1 and "\n\n" not in text.strip() and len(data) == len(lines)


def _cut_sse(text: str) -> list[Piece]:
    pieces = []
    for block in re.split(r"\n\n+", text.strip("\n")):
        name, data = "", []
        for line in block.split("\n"):
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if key == "event":
                name = value
            elif key == "data":
                data.append(value)
        if data:
            pieces.append(_build("\n".join(data), name))
    return pieces


def _build(data: str, name: str = "") -> Piece:
    document = _read(data)
    if document is None and data.strip() != "null":
        return Piece(data, {"body": data}, name, is_json=False)
    return Piece(data, document, name)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _find_prefix(lines: list[str]) -> str | None:
    """What most lines begin with, before JSON or text; None if nothing."""
    counts: dict[str, int] = {}
    for line in lines:
        match = _PREFIX.match(line)
        if match:
            counts[match[0]] = counts.get(match[0], 0) + 1
    if not counts:
        return None
    best = max(counts, key=lambda prefix: (counts[prefix], len(prefix)))
    fits = [line for line in lines if line.startswith(best)]
    is_json = sum(isinstance(_read(line[len(best) :]), dict) for line in fits)
    enough = is_json >= max(1, len(fits) - 1) or (len(fits) > 1 and len(fits) * 2 >= len(lines))
    return best if enough and not best.startswith(("{", "[")) else None
