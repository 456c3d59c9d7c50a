"""Cuts the bytes of a stream into events, each framing in its own way."""

from __future__ import annotations

from modelhub.overriding import override
from modelhub.wire.wire import Event, decode_json


class EventDecoder:
    """Cuts the bytes of a stream into events; the sizes of the chunks make no difference.

    ``done`` becomes true at ``[DONE]``. If the body is one JSON value instead of a stream, ``plain`` holds its bytes.
    ``feed`` and ``flush`` raise ValueError for a message that is not JSON; ``pending`` then holds the events that came
    before it.
    """

    def __init__(self) -> None:
        self.done = False
        self.plain: bytes | None = None
        self.pending: list[Event] = []
        self._rest = b""
        self._started = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes of the stream and return the events that are complete now."""
        raise NotImplementedError(f"{type(self).__name__} has no feed")

    def flush(self) -> list[Event]:
        """Return the last events, once the stream has ended."""
        raise NotImplementedError(f"{type(self).__name__} has no flush")

    def _take(self) -> list[Event]:
        events, self.pending = self.pending, []
        return events


class LineDecoder(EventDecoder):
    """Reads NDJSON: one JSON value on each line; blank lines are ignored."""

    @override
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

    @override
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
    """Reads server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html says.

    Lines end at LF, CRLF or CR and nowhere else. It also accepts what the standard does not: a last event without a
    blank line after it, several JSON values in one event, and a reply that is plain JSON.
    """

    def __init__(self) -> None:
        super().__init__()
        self._skip_lf = False

    @override
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

    @override
    def flush(self) -> list[Event]:
        last, self._rest = self._rest, b""
        if self.plain is None:
            self._add(last.removeprefix(b"\xef\xbb\xbf"))
        return self._take()

    def _start(self, text: bytes) -> bool:
        """Whether there are enough bytes to know a stream from plain JSON."""
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
