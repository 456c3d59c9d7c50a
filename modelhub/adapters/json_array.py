"""Cuts one JSON array that arrives in pieces into its items."""

from __future__ import annotations

import re

from modelhub.adapters.framing import Documents, Framing
from modelhub.overriding import override
from modelhub.wire import Event, TooLarge
from modelhub.wire.decoders import BOM

_QUOTE = ord('"')
_SPACE = b" \t\r\n"
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{},]', re.S)
_INSIDE = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.S)
_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.S)


class ArrayDocuments(Documents):
    """Reads the items of an array as soon as each is whole; each byte is looked at once.

    A reply that is no array is ``plain``.
    """

    def __init__(self, framing: Framing) -> None:
        super().__init__(framing)
        self._at = 0  # what of ``_rest`` has been looked at
        self._level = 0  # of brackets, in the item
        self._in_string = False
        self._given = False  # whether the item has been given; only a comma follows then

    @override
    def feed(self, chunk: bytes) -> list[Event]:
        if self.done:
            return []
        self._rest += chunk
        if not self._started:
            self._start()
        if self.plain is not None:
            if len(self._rest) > self.max_body:
                raise TooLarge("max_body", self.max_body)
        elif self._started:
            self._scan()
        return self._take()

    @override
    def flush(self) -> list[Event]:
        if self.plain is not None:
            self.plain = bytes(self._rest)
        self._release()
        return self._take()

    def _start(self) -> None:
        rest = self._rest
        if len(rest) < len(BOM) and BOM.startswith(rest):
            return
        text = rest.removeprefix(BOM).lstrip(_SPACE)
        if not text:
            rest[:] = rest[: len(BOM)] if rest.startswith(BOM) else b""
            return
        self._started = True
        rest[:] = text
        if text[:1] == b"[":
            del rest[:1]
            self.is_open = True
        else:
            self.plain = b""

    def _scan(self) -> None:
        rest = self._rest
        begin, at = 0, self._at
        while not self.done:
            if self._in_string:
                at = _find_string_end(rest, at)
                if rest[at : at + 1] != b'"':
                    break
                self._in_string = False
                at += 1
            found = (_INSIDE if self._level else _TOKEN).search(rest, at)
            if found is None:
                at = len(rest)
                break
            mark = found[0]
            at = found.end()
            if mark[0] == _QUOTE:
                self._in_string = len(mark) == 1
            elif mark in b"[{":
                self._level += 1
            elif self._level:
                self._level -= 1
                if not self._level:
                    self._give(bytes(rest[begin:at]))
                    self._given = True
            elif mark != b"}":
                if not self._given:
                    self._give(bytes(rest[begin : at - 1]))
                begin, self._given = at, False
                if mark == b"]":
                    self.done = True
                    self.is_open = False
                    self._release()
        del rest[:begin]
        self._at = at - begin
        self._keep_small()

    def _keep_small(self) -> None:
        rest = self._rest
        if not self._level and (self._given or rest.isspace()):
            del rest[: self._at]
            self._at = 0
        if len(rest) > self.max_event and not self.done and len(rest.lstrip(_SPACE)) > self.max_event:
            rest.clear()
            self._refuse()

    def _give(self, item: bytes) -> None:
        item = item.strip(_SPACE)
        if len(item) > self.max_event:
            self._rest.clear()
            self._refuse()
        if item and not self.done and (self.framing.last is None or not self._is_last_item(item)):
            self._add_document(item)

    def _is_last_item(self, item: bytes) -> bool:
        """Whether it is the last data, as JSON or as the text of a JSON string."""
        text = item[1:-1] if item[:1] == b'"' else item
        return self._is_last(item) or self._is_last(text)


def _find_string_end(text: bytearray, at: int) -> int:
    """Where the string that goes on at ``at`` ends, or what has come of it."""
    found = _STRING.match(text, at)
    return at if found is None else found.end()
