"""Tool calls that a model writes into its text, between two marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelhub.adapters.call_formats import read_json_calls, read_xml_calls
from modelhub.adapters.calls import Told, build_calls, make_call_id
from modelhub.errors import ConfigError
from modelhub.printable import shorten
from modelhub.response import ToolCall
from modelhub.response.tool_calls import MalformedToolCall

_FORMATS: dict[str, Callable[[str], list[Told]]] = {"json": read_json_calls, "xml": read_xml_calls}
_TRIES = 64  # marks in the strings of one call: further ones end it


class Marks:
    """How calls stand in texts: between ``open`` and ``close``; ``read`` reads what is between them."""

    __slots__ = ("close", "open", "quotes", "read")

    def __init__(self, open: str, close: str, format: str) -> None:
        self.open = open
        self.close = close
        self.quotes = format == "json"
        self.read = _FORMATS[format]

    def cut(self, text: str) -> tuple[str, list[ToolCall]]:
        """A whole text without its calls, and the calls."""
        scan = Scan(self)
        before, calls = scan.feed(text)
        after, late = scan.end()
        return before + after, calls + late


def compile_marks(config: Any, where: str) -> Marks:
    """The marks of ``in_text``; raises ConfigError for marks that are missing or empty."""
    given = config if isinstance(config, Mapping) else {}
    for name in ("open", "close"):
        if not isinstance(given.get(name), str) or not given[name]:
            raise ConfigError(f"{where} needs `{name}`, the text that stands at one end of a call")
    format = given.get("format") or "json"
    if format not in _FORMATS:
        raise ConfigError(f"{where}.format is not one of {', '.join(_FORMATS)}")
    return Marks(given["open"], given["close"], format)


class Scan:
    """One text that comes in pieces; what may be the beginning of a mark is held back until it is known.

    How the text is cut makes no difference to what it gives, all in all.
    """

    __slots__ = ("_calls", "_candidates", "_inside", "_marks", "_pieces", "_tail", "_text")

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._inside = False
        self._tail = ""  # text that may belong to a mark which is not whole
        self._pieces: list[str] = []  # what has come since the open mark, but for the tail
        self._candidates: list[int] = []  # where close marks stand in strings of the call
        self._text: list[str] = []
        self._calls: list[ToolCall] = []

    def feed(self, piece: str) -> tuple[str, list[ToolCall]]:
        """The next piece of the text: what of it is no call, and the calls that are whole now."""
        self._scan(piece)
        return self._take()

    def end(self) -> tuple[str, list[ToolCall]]:
        """What was held back, at the end of the text: a mark that was not closed is text."""
        while self._inside and self._candidates:
            self._scan(self._close_first(self._join()))
        self._text += [self._marks.open if self._inside else "", self._join()]
        self._inside = False
        return self._take()

    def _take(self) -> tuple[str, list[ToolCall]]:
        text, calls, self._text, self._calls = "".join(self._text), self._calls, [], []
        return text, calls

    def _scan(self, piece: str) -> None:
        waiting = [piece]
        while waiting:
            piece = self._tail + waiting.pop()
            self._tail = ""
            at = 0
            while at < len(piece):
                if not self._inside:
                    at = self._scan_outside(piece, at)
                    continue
                at, again = self._scan_inside(piece, at)
                if again:
                    waiting += [piece[at:], again]
                    break

    def _scan_outside(self, piece: str, start: int) -> int:
        """Read text up to an open mark; returns where to go on."""
        mark = self._marks.open
        at = piece.find(mark, start)
        if at >= 0:
            self._text.append(piece[start:at])
            self._inside = True
            return at + len(mark)
        self._text.append(self._hold(piece, start, mark))
        return len(piece)

    def _scan_inside(self, piece: str, start: int) -> tuple[int, str]:
        """Read a call up to a close mark; returns where to go on, and what is to be read again before that."""
        mark = self._marks.close
        at = piece.find(mark, start)
        if at < 0:
            self._pieces.append(self._hold(piece, start, mark))
            return len(piece), ""
        self._pieces.append(piece[start:at])
        inside = self._join()
        at += len(mark)
        if self._marks.quotes and len(self._candidates) < _TRIES and _ends_in_string(inside):
            self._candidates.append(len(inside))
            self._pieces = [inside, mark]
            return at, ""
        if self._candidates and not self._can_read(inside):
            return at, self._close_first(inside + mark)
        self._close(inside)
        return at, ""

    def _hold(self, piece: str, start: int, mark: str) -> str:
        """The piece from ``start``, but for what may be the beginning of ``mark``, which is held back."""
        held = count_held(piece, mark, start)
        self._tail = piece[len(piece) - held :]
        return piece[start : len(piece) - held]

    def _join(self) -> str:
        whole, self._pieces, self._tail = "".join(self._pieces) + self._tail, [], ""
        return whole

    def _can_read(self, inside: str) -> bool:
        try:
            self._marks.read(inside)
        except ValueError:
            return False
        return True

    def _close_first(self, inside: str) -> str:
        """End the call at the first close mark in it; returns what comes after that."""
        at = self._candidates[0]
        self._close(inside[:at])
        return inside[at + len(self._marks.close) :]

    def _close(self, inside: str) -> None:
        """Take what stands between two marks for a call; text up to another open mark in it is no part of the call."""
        marks = self._marks
        self._inside = False
        self._candidates = []
        before, again, last = inside.rpartition(marks.open)
        for text, told in ((None, inside), (before, last)) if again else ((None, inside),):
            try:
                calls = build_calls(marks.read(told))
            except ValueError:
                continue
            if text is not None:
                self._text += [marks.open, text]
            self._calls += calls
            return
        if inside.strip():
            problem = f"what stands between {marks.open} and {marks.close} is no tool call: {shorten(inside, 200)!r}"
            self._calls.append(MalformedToolCall(make_call_id(), "", inside, problem))


def count_held(text: str, mark: str, start: int = 0) -> int:
    """How many characters at the end of ``text``, from ``start`` on, may be the beginning of ``mark``."""
    at = text.find(mark[0], max(start, len(text) - len(mark) + 1))
    while at >= 0:
        if mark.startswith(text[at:]):
            return len(text) - at
        at = text.find(mark[0], at + 1)
    return 0


def _ends_in_string(text: str) -> bool:
    """Whether JSON that begins with ``text`` goes on in a string."""
    return text.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 1
