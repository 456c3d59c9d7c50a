"""How the documents of a stream are told apart: by server-sent events, lines, or not at all."""

from __future__ import annotations

import codecs
from typing import Any

import orjson

from modelhub.adapters.documents import decode_document
from modelhub.adapters.in_text import count_held
from modelhub.adapters.values import Field
from modelhub.overriding import override
from modelhub.wire import Event, EventDecoder, LineDecoder, SSEDecoder
from modelhub.wire.decoders import BOM, split_fields

FRAMINGS = ("sse", "ndjson", "json_array", "text", "lines")
DONE = b"[DONE]"  # what ends server-sent events, unless a config names something else


class Framing:
    """What a config says of how its streams are cut, which is ``kind``, and of where they end.

    ``last`` is the data of the last event, ``when`` what is true of it. ``names`` are those of the events to read, None
    for all. ``as_text`` says that data is text even if it is JSON, ``reads_body`` that an expression asks for text.
    """

    __slots__ = ("as_text", "charset", "kind", "last", "names", "prefix", "reads_body", "when")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.prefix = b""
        self.names: frozenset[str] | None = None
        self.last: bytes | None = None
        self.when: Field | None = None
        self.as_text = False
        self.reads_body = False
        self.charset: str | None = None

    @property
    def needs_end(self) -> bool:
        """Whether a stream without its last event is not whole."""
        return self.last is not None or self.when is not None


class Documents(EventDecoder):
    """What decoders of documents share: data that is no JSON is ``{body: "..."}``, and the last data ends them."""

    is_open = False  # whether what holds the documents has been opened and not been closed
    has_last = False  # whether the last data that the config names has come
    has_ended = False  # whether no more bytes come, so that what is left over may be half of something

    def __init__(self, framing: Framing) -> None:
        super().__init__()
        self.framing = framing

    def _is_last(self, data: bytes) -> bool:
        """Whether this is the data of the last event, after which nothing is read."""
        last = self.framing.last
        if last is None or (data != last and data.strip() != last):
            return False
        self.done = self.has_last = True
        self._release()
        return True

    def _add_document(self, data: bytes, name: str | None = None, status: int | None = None) -> None:
        framing = self.framing
        if framing.as_text or (framing.reads_body and data[:1] not in b"{["):
            self._add_text({"body": data.decode("utf-8", "replace")}, name, status)
            return
        try:
            self._add_json(data, name, status)
        except ValueError:
            self._add_text(decode_document(data), name, status)

    def _add_text(self, document: Any, name: str | None, status: int | None) -> None:
        """Data that is no JSON; where the last data is still to come, what the stream broke off in is left out."""
        if not self.has_ended or self.framing.last is None:
            self._add_event(Event(document, name, status))

    def _add_event(self, event: Event) -> None:
        if self._halves is None:
            self.pending.append(event)
        else:
            self._add_waiting(self._halves, event)


class EventDocuments(Documents, SSEDecoder):
    """Reads server-sent events."""

    _begins_json = b'{["'

    def __init__(self, framing: Framing) -> None:
        super().__init__(framing)
        self._usual = DONE if framing.last is None else None

    @override
    def feed(self, chunk: bytes) -> list[Event]:
        return self._feed(chunk)  # the short way of most streams knows neither texts nor ends of one's own

    @override
    def _add(self, block: bytes) -> None:
        if self.done:
            return
        if len(block) > self.max_event:
            self._refuse()
        if block[:6] == b"data: " and b"\n" not in block:
            self._add_named(block[6:], None, None)
            return
        if block[:1] == b"{":  # a gateway that hands an error on as it came, without framing
            self._add_document(block)
            return
        lines, name, status = split_fields(block)
        data = b"\n".join(lines)
        if len(lines) > 1 and self._are_several(lines, data):
            for line in lines:
                if line and not self.done:
                    self._add_named(line, name, status)
        elif data:
            self._add_named(data, name, status)

    def _add_named(self, data: bytes, name: str | None, status: int | None) -> None:
        if data[:6] == self._usual:
            self.done = True
            self._release()
        elif self._is_last(data):
            return
        elif self.framing.names is None or (name or "message") in self.framing.names:
            self._add_document(data, name, status)

    def _are_several(self, lines: list[bytes], data: bytes) -> bool:
        """Whether each line is a value of its own, which some servers write in one event."""
        if self.framing.as_text or not any(lines) or _is_json(data):
            return False
        return all(map(_is_json, filter(None, lines)))


class LineDocuments(Documents, LineDecoder):
    """Reads lines: all that are not blank, or those after a prefix.

    Where no line has the prefix, all of them become ``plain`` if they are one JSON value: that is no stream.
    """

    def __init__(self, framing: Framing) -> None:
        super().__init__(framing)
        self._kept: bytearray | None = bytearray() if framing.prefix else None

    @override
    def flush(self) -> list[Event]:
        events = super().flush()
        if self._kept and _is_json(bytes(self._kept)):
            self.plain = bytes(self._kept)
        return events

    @override
    def _add(self, line: bytes) -> None:
        if self.done:
            return
        if len(line) > self.max_event:
            self._refuse()
        if not self._started:
            line = line.removeprefix(BOM)
            self._started = True
        prefix = self.framing.prefix
        line = line.removesuffix(b"\r")
        if not line.startswith(prefix) or not (prefix or line.strip()):
            self._keep(line)
            return
        self._kept = None
        data = line[len(prefix) :]
        if data and not self._is_last(data):
            self._add_document(data)

    def _keep(self, line: bytes) -> None:
        """Keep a line without the prefix, as long as all lines may be an object."""
        kept = self._kept
        if kept is not None:
            kept += line.lstrip()
            if (kept and kept[:1] != b"{") or len(kept) > self.max_event:
                self._kept = None


class TextDocuments(Documents):
    """Reads text as it comes; the last data, where a config names one, is none of it."""

    def __init__(self, framing: Framing) -> None:
        super().__init__(framing)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._mark = (framing.last or b"").decode()
        self._held = ""

    @override
    def feed(self, chunk: bytes) -> list[Event]:
        return self._read(self._decoder.decode(chunk))

    @override
    def flush(self) -> list[Event]:
        events = self._read(self._decoder.decode(b"", True))
        held, self._held = self._held, ""
        return events + self._build(held)

    @override
    def give_up(self) -> list[Event]:
        held, self._held = self._held, ""
        return self._build(held)  # without the half of a character

    def _read(self, text: str) -> list[Event]:
        if not self._started and text:
            self._started = True
            text = text.removeprefix("\ufeff")
        mark = self._mark
        if not mark:
            return self._build(text)
        if self.done:
            return []
        text, self._held = self._held + text, ""
        at = text.find(mark)
        if at >= 0:
            self.done = self.has_last = True
            return self._build(text[:at])
        held = count_held(text, mark)
        self._held = text[len(text) - held :]
        return self._build(text[: len(text) - held])

    def _build(self, text: str) -> list[Event]:
        document: Any = {"body": text}
        return [Event(document)] if text else []


def _is_json(data: bytes) -> bool:
    try:
        orjson.loads(data)
    except ValueError:
        return False
    return True
