"""Cuts the bytes of a stream into events, each framing in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.late import late
from modelhub.overriding import override
from modelhub.wire.event_decoder import EventDecoder, TooLarge
from modelhub.wire.json_text import encode_json
from modelhub.wire.wire import Event

if TYPE_CHECKING:
    import orjson
else:
    orjson = late("orjson")

BOM = b"\xef\xbb\xbf"


class LineDecoder(EventDecoder):
    """Reads NDJSON: one JSON value on each line; blank lines are ignored."""

    @override
    def feed(self, chunk: bytes) -> list[Event]:
        head, newline, tail = chunk.rpartition(b"\n")
        if newline:
            if self._rest:
                head = bytes(self._rest) + head
                self._rest.clear()
            for line in head.split(b"\n"):
                self._add(line)
        if tail:
            self._put_back(tail, self.max_event)
        return self._take()

    @override
    def flush(self) -> list[Event]:
        last = bytes(self._rest)
        self._rest.clear()
        self._add(last)
        self._release()
        return self._take()

    def _add(self, line: bytes) -> None:
        if len(line) > self.max_event:
            self._refuse()
        if not self._started:
            line = line.removeprefix(BOM)
        line = line.strip(b" \t\r")
        if line:
            self._started = True
            self._add_json(line)


class SSEDecoder(EventDecoder):
    """Reads server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html says.

    Lines end at LF, CRLF or CR and nowhere else. It also accepts what the standard does not: a last event without a
    blank line after it, several JSON values in one event, an error in a field of its own or in none, and a reply that
    is plain JSON.
    """

    _begins_json = b"{["  # the first character of a reply that is plain JSON

    def __init__(self) -> None:
        super().__init__()
        self._skip_lf = False
        self._is_between = False  # two events: nothing is kept back of what came before

    @override
    def feed(self, chunk: bytes) -> list[Event]:
        if not self._is_between or chunk[:6] != b"data: " or chunk[-2:] != b"\n\n" or len(chunk) > self.max_event:
            return self._feed(chunk)
        events: list[Event] = []
        datas = chunk[6:-2].split(b"\n\ndata: ")
        try:
            for data in datas:  # nearly all vendors send no more than one line for each
                events.append(Event(orjson.loads(data)))
        except ValueError:
            self.pending = events
            return self._feed(b"data: " + b"\n\ndata: ".join(datas[len(events) :]) + b"\n\n")
        return events

    def _feed(self, chunk: bytes) -> list[Event]:
        """The same for bytes of any kind."""
        if self._skip_lf and chunk:
            self._skip_lf = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._skip_lf = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not self._started:
            chunk = self._start(chunk)
            if not self._started:
                return []
        if self.plain is not None:
            self._keep_plain(chunk)
            return []
        if self._rest:
            searched = len(self._rest) - 1
            self._rest.extend(chunk)
            if self._rest.find(b"\n\n", searched) < 0:
                self._put_back(b"", self.max_event + 1)
                return []
            chunk = bytes(self._rest)
            self._rest.clear()
        end = chunk.rfind(b"\n\n")
        if end >= 0:
            for block in chunk[:end].split(b"\n\n"):
                self._add(block)
            chunk = chunk[end + 2 :]
        if chunk:
            self._put_back(chunk, self.max_event + 1)  # it may end with the first half of its blank line
        self._is_between = not (chunk or self.done or self._skip_lf or self._halves is not None)
        return self._take()

    @override
    def flush(self) -> list[Event]:
        last = bytes(self._rest)
        self._rest.clear()
        if self.plain is None:
            self._add(last.removeprefix(BOM))
        else:
            self.plain = last
        self._release()
        return self._take()

    def _start(self, chunk: bytes) -> bytes:
        """What there is so far, once there are enough bytes to know a stream from plain JSON."""
        rest = self._rest
        if len(rest) >= len(BOM) and not chunk.strip(b" \t\n"):
            self._put_back(chunk, self.max_event)
            return b""
        text = bytes(rest) + chunk
        seen = text.removeprefix(BOM).lstrip(b" \t\n")
        if seen and (len(text) >= len(BOM) or not BOM.startswith(text)):
            self._started = True
            rest.clear()
            if seen[:1] in self._begins_json:
                self.plain = b""
            return text
        rest[:] = text.rpartition(b"\n")[2]  # blank lines keep the connection alive
        return b""

    def _keep_plain(self, chunk: bytes) -> None:
        self._rest += chunk
        if len(self._rest) > self.max_body:
            self._rest.clear()
            raise TooLarge("max_body", self.max_body)

    def _add(self, block: bytes) -> None:
        if self.done:
            return
        if len(block) > self.max_event:
            self._refuse()
        if block[:6] == b"data: " and self._halves is None and b"\n" not in block:
            try:
                self.pending.append(Event(orjson.loads(block[6:])))
                return
            except ValueError:
                pass
        if block[:1] == b"{":  # a gateway that hands an error on as it came, without framing
            self._add_json(block)
            return
        data, name, status = split_fields(block)
        if not any(data):
            return
        try:
            self._add_data(b"\n".join(data), name, status)
        except ValueError:
            if len(data) == 1:
                raise
            for line in data:
                if line:
                    self._add_data(line, name, status)

    def _add_data(self, data: bytes, name: str | None, status: int | None) -> None:
        if data[:6] == b"[DONE]":
            self.done = True
            self._release()
        else:
            self._add_json(data, name, status)


def split_fields(block: bytes) -> tuple[list[bytes], str | None, int | None]:
    """The lines of data of an event, its name, and the status that a comment or a field tells."""
    data: list[bytes] = []
    name: str | None = None
    status: int | None = None
    for line in block.removeprefix(BOM).split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"error":  # llama.cpp of 2023 to 2025; others write plain text there
            data.append(value if value[:1] == b"{" else encode_json(value.decode("utf-8", "replace")))
            name = "error"
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"status" and value.isdigit():
            status = int(value)
        elif not field and value.startswith(b"HTTP_STATUS/") and value[12:].isdigit():
            status = int(value[12:])
    return data, name, status
