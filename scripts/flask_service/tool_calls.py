"""Hermes' tool calls, found in a text while it is being written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

OPEN, CLOSE = "<tool_call>", "</tool_call>"
_START = re.compile(r"\s*" + OPEN)
# White space, and as much of the tag as is there, at the end of a text that goes on.
_PERHAPS = re.compile(r"(?:\s+|\s*(?:" + "|".join(re.escape(OPEN[:n]) for n in range(len(OPEN) - 1, 0, -1)) + r"))\Z")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model makes; ``arguments`` is a JSON object as text."""

    name: str
    arguments: str


def find_tool_calls(pieces: Iterable[str]) -> Iterator[str | ToolCall]:
    """Pieces of text as they come, and each call once it is whole; what cannot be read as a call remains text."""
    text = ""
    for piece in pieces:
        text += piece
        found, text = split(text)
        yield from found
    if opened := _START.match(text):
        call = parse_call(text[opened.end() :])  # the closing tag may be missing at the end
        yield call or text
    elif text:
        yield text


def split(text: str) -> tuple[list[str | ToolCall], str]:
    """What can be said of ``text`` by now, and the rest, which begins what may be a call."""
    found: list[str | ToolCall] = []
    while start := _START.search(text):
        end = text.find(CLOSE, start.end())
        if start.start():
            found.append(text[: start.start()])
        if end < 0:
            return found, text[start.start() :]
        whole = text[start.start() : end + len(CLOSE)]
        found.append(parse_call(text[start.end() : end]) or whole)
        text = text[end + len(CLOSE) :]
    perhaps = _PERHAPS.search(text)
    if perhaps:
        known, text = text[: perhaps.start()], text[perhaps.start() :]
    else:
        known, text = text, ""
    return [*found, known] if known else found, text


def parse_call(text: str) -> ToolCall | None:
    """The call that the text between the tags is; None when it is none."""
    try:
        call = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return None
    arguments = call.get("arguments", call.get("parameters", {}))
    if not isinstance(arguments, dict):
        return None
    return ToolCall(call["name"], json.dumps(arguments, ensure_ascii=False))
