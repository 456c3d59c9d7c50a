"""What crosses the wire: requests, replies, and the events of a stream, as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson


def encode_json(value: Any) -> bytes:
    """The UTF-8 JSON of ``value``; raises TypeError naming what cannot be sent."""
    try:
        return orjson.dumps(value)
    except TypeError:  # big integers, lone surrogates, non-string keys, str subclasses
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()


def decode_json(data: bytes | str) -> Any:
    """The value of a JSON text; raises ValueError when it is none."""
    try:
        return orjson.loads(data)
    except ValueError:
        try:
            return json.loads(data)  # forgives what servers send: half a surrogate pair, NaN, a BOM
        except RecursionError:
            raise ValueError("the JSON is nested too deep") from None


class Request:
    """One HTTP request to perform.

    ``delay`` is how many seconds to wait before sending, ``stream`` whether the body of a successful reply is
    to be left open for ``READ``. ``connect_timeout`` and ``timeout`` bound connecting and each wait for data.
    """

    __slots__ = ("body", "connect_timeout", "delay", "headers", "method", "stream", "timeout", "url")

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        method: str = "POST",
        stream: bool = False,
        timeout: float = 600.0,
        connect_timeout: float = 10.0,
        delay: float = 0.0,
    ) -> None:
        self.url = url
        self.headers = headers
        self.body = body
        self.method = method
        self.stream = stream
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.delay = delay


class Reply:
    """What the server answered; ``headers`` ignores case, ``body`` is empty while a stream is open."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        """The decoded body; raises ValueError when it is not JSON."""
        return decode_json(self.body)


class Event:
    """One message of a stream: its decoded JSON, its SSE name, and the status a comment told (DashScope)."""

    __slots__ = ("data", "name", "status")

    def __init__(self, data: Any, name: str | None = None, status: int | None = None) -> None:
        self.data = data
        self.name = name
        self.status = status


class EventDecoder:
    """Cuts the bytes of a stream into events; the result does not depend on how the bytes were cut.

    ``feed`` takes bytes as they come and returns the events they complete, ``flush`` what the end of the
    stream completes. ``done`` becomes true at ``[DONE]``. A body that is no stream but one JSON value ends up
    in ``plain``. Both raise ValueError for a message that is not JSON, after the events before it:
    ``pending`` holds those.
    """

    def __init__(self) -> None:
        self.done = False
        self.plain: bytes | None = None
        self.pending: list[Event] = []
        self._rest = b""
        self._started = False

    def feed(self, chunk: bytes) -> list[Event]:
        raise NotImplementedError

    def flush(self) -> list[Event]:
        raise NotImplementedError

    def _take(self) -> list[Event]:
        events, self.pending = self.pending, []
        return events


class LineDecoder(EventDecoder):
    """NDJSON: one JSON value a line, blank lines ignored."""

    def feed(self, chunk: bytes) -> list[Event]:
        head, newline, tail = chunk.rpartition(b"\n")
        if not newline:
            self._rest += chunk
            return []
        lines = self._rest + head
        self._rest = tail
        for line in lines.split(b"\n"):
            self._add(line)
        return self._take()

    def flush(self) -> list[Event]:
        last, self._rest = self._rest, b""
        self._add(last)
        return self._take()

    def _add(self, line: bytes) -> None:
        if not self._started:
            line = line.removeprefix(b"\xef\xbb\xbf")
        line = line.strip(b" \t\r")
        if line:
            self._started = True
            self.pending.append(Event(decode_json(line)))


class SSEDecoder(EventDecoder):
    """Server-sent events, read as https://html.spec.whatwg.org/multipage/server-sent-events.html says.

    Lines end at LF, CRLF or CR and nowhere else. Forgiven beyond that: the data of an event that was never
    closed by a blank line, several JSON values in one event, and a reply that is plain JSON.
    """

    def __init__(self) -> None:
        super().__init__()
        self._skip_lf = False

    def feed(self, chunk: bytes) -> list[Event]:
        if self._skip_lf and chunk:
            self._skip_lf = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._skip_lf = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        text = self._rest + chunk
        if not self._started and not self._start(text):
            return []
        if self.plain is not None:
            self.plain += chunk if self.plain else text
            return []
        end = text.rfind(b"\n\n")
        if end < 0:
            self._rest = text
            return []
        self._rest = text[end + 2 :]
        for block in text[:end].split(b"\n\n"):
            self._add(block)
        return self._take()

    def flush(self) -> list[Event]:
        last, self._rest = self._rest, b""
        if self.plain is None:
            self._add(last.removeprefix(b"\xef\xbb\xbf"))
        return self._take()

    def _start(self, text: bytes) -> bool:
        """Whether enough has come to tell a stream from plain JSON."""
        seen = text.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\n")
        if not seen or (b"\xef\xbb\xbf".startswith(text[:3]) and len(text) < 3):
            self._rest = text
            return False
        self._started = True
        self._rest = b""
        if seen[:1] in b"{[":
            self.plain = b""
        return True

    def _add(self, block: bytes) -> None:
        if self.done:
            return
        if (
            block[:6] == b"data: " and block != b"data: " and b"\n" not in block
        ):  # nearly every event of nearly every vendor
            self._add_data(block[6:], None, None)
            return
        data: list[bytes] = []
        name: str | None = None
        status: int | None = None
        for line in block.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                data.append(value)
            elif field == b"event":
                name = value.decode("utf-8", "replace")
            elif field == b"status" and value.isdigit():
                status = int(value)
            elif not field and value.startswith(b"HTTP_STATUS/") and value[12:].isdigit():
                status = int(value[12:])
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
        else:
            self.pending.append(Event(decode_json(data), name, status))
