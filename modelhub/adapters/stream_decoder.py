"""Cuts the bytes of a stream into documents, and says how it ended."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Final

from modelhub.adapters.documents import choose_charset, is_body
from modelhub.adapters.expressions import is_true
from modelhub.adapters.framing import Documents, EventDocuments, Framing, LineDocuments, TextDocuments
from modelhub.adapters.json_array import ArrayDocuments
from modelhub.errors import ModelCallError, StreamInterruptedError
from modelhub.overriding import override
from modelhub.wire import Event, EventDecoder, decode_json

_KINDS: Final[dict[str, Callable[[Framing], Documents]]] = {
    "sse": EventDocuments,
    "ndjson": LineDocuments,
    "json_array": ArrayDocuments,
    "text": TextDocuments,
    "lines": LineDocuments,
}


class _ToUTF8:
    """Turns bytes of a charset into UTF-8, however they are cut; what is no character becomes U+FFFD."""

    def __init__(self, charset: str) -> None:
        self._charset = charset
        self._decoder: codecs.IncrementalDecoder | None = None
        self._first = b""

    def decode(self, chunk: bytes, final: bool = False) -> bytes:
        """The next bytes."""
        if self._decoder is None:
            self._first += chunk
            if len(self._first) < 4 and not final:  # it may be that they tell the order of the bytes
                return b""
            chunk, self._first = self._first, b""
            orders = _ORDERS.get(self._charset, ())
            known = not orders or chunk.startswith(orders)
            self._decoder = codecs.getincrementaldecoder(self._charset if known else f"{self._charset}-le")("replace")
        return self._decoder.decode(chunk, final).encode("utf-8", "replace")


_ORDERS: Final = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}


class End:
    """Stands for the data of an event after all others; ``failure`` says why the stream is not whole, if it is not."""

    __slots__ = ("failure",)

    def __init__(self, failure: ModelCallError | None = None) -> None:
        self.failure = failure


class StreamDecoder(EventDecoder):
    """Reads the documents of a stream in any charset; the data of the last event is an ``End``.

    There is no ``End`` where there was nothing else, or where ``plain`` holds a whole reply.
    """

    def __init__(self, framing: Framing) -> None:
        super().__init__()
        self._framing = framing
        self._inner: Documents | None = None
        self._decoder: _ToUTF8 | None = None
        self._told = False

    @override
    def feed(self, chunk: bytes) -> list[Event]:
        inner = self._inner or self._begin()
        if self._decoder is not None:
            chunk = self._decoder.decode(chunk)
        return self._feed(inner, chunk)

    @override
    def flush(self) -> list[Event]:
        inner = self._inner or self._begin()
        events: list[Event] = []
        if self._decoder is not None:
            events = self._feed(inner, self._decoder.decode(b"", True))
            if self.done:
                return events
        inner.has_ended = True
        try:
            events += self._finish(inner, inner.flush())
        except ValueError:
            self.pending = events + self._finish(inner, self._take_from(inner))
            raise
        if inner.plain is not None:
            events += self._read_plain(inner.plain)
        if not self.done and self.plain is None:
            failure = self._find_failure(inner)
            if self._told or failure is not None:
                events.append(Event(End(failure)))
        return events

    @override
    def give_up(self) -> list[Event]:
        return [] if self._inner is None else self._finish(self._inner, self._inner.give_up())

    def _begin(self) -> Documents:
        inner = self._inner = _KINDS[self._framing.kind](self._framing)
        inner.max_event, inner.max_body = self.max_event, self.max_body
        charset = choose_charset(self.headers, self._framing.charset)
        if charset not in ("utf-8", "ascii"):
            self._decoder = _ToUTF8(charset)
        return inner

    def _feed(self, inner: Documents, chunk: bytes) -> list[Event]:
        try:
            events = inner.feed(chunk)
        except ValueError:
            events = self._finish(inner, self._take_from(inner))
            if self.done:  # what was too large is not read
                return events
            self.pending = events
            raise
        return self._finish(inner, events)

    def _take_from(self, inner: Documents) -> list[Event]:
        events, inner.pending = inner.pending, []
        return events

    def _finish(self, inner: Documents, events: list[Event]) -> list[Event]:
        """The events up to the last one, and the end after that."""
        if self.done:
            return []
        failure: ModelCallError | None = None
        when = self._framing.when
        if when is not None:
            for n, event in enumerate(events):
                try:
                    self.done = is_true(when(event.data))
                except ModelCallError as error:
                    failure, self.done = error, True
                if self.done:
                    del events[n + 1 :]
                    break
        if events:
            self._told = True
        if self.done:
            events.append(Event(End(failure)))
        elif inner.done:
            self.done = True
            events.append(Event(End(self._find_failure(inner))))
        return events

    def _find_failure(self, inner: Documents) -> ModelCallError | None:
        """Why a stream that has ended is not whole; None if it is."""
        framing = self._framing
        if inner.is_open and not inner.has_last:
            return StreamInterruptedError("the stream ended before its array did", retryable=True)
        if not framing.needs_end or inner.has_last:
            return None
        if not self._told and "html" in (self.headers.get("content-type") or ""):
            return None  # it is a page, and no stream
        return StreamInterruptedError("the stream ended without its last event", retryable=True)

    def _read_plain(self, data: bytes) -> list[Event]:
        """A reply that is no such stream as was meant: one JSON value, which becomes ``plain``, or lines of JSON."""
        try:
            decode_json(data)
        except ValueError:
            lines = LineDocuments(self._framing)
            lines.max_event = self.max_event
            events = lines.feed(data) + lines.flush()
            if not all(is_body(event.data) for event in events):
                return self._finish(lines, events)
        self.plain = data
        if self._decoder is not None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.headers = {**headers, "content-type": "application/json; charset=utf-8"}
        return []
