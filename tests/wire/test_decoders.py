"""The decoders of streams give the same events however the bytes are cut."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.overriding import override
from modelhub.wire import EventDecoder, LineDecoder, SSEDecoder, TooLarge, decode_json, encode_json

SSE: dict[str, tuple[bytes, list[Any]]] = {
    "plain": (b'data: {"a":1}\n\ndata: {"a":2}\n\n', [{"a": 1}, {"a": 2}]),
    "no space": (b'data:{"a":1}\n\n', [{"a": 1}]),
    "crlf": (b'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\n', [{"a": 1}, {"a": 2}]),
    "cr": (b'data: {"a":1}\r\rdata: {"a":2}\r\r', [{"a": 1}, {"a": 2}]),
    "mixed ends": (b'data: {"a":1}\r\n\ndata: {"a":2}\n\r\n', [{"a": 1}, {"a": 2}]),
    "bom": (b'\xef\xbb\xbfdata: {"a":1}\n\n', [{"a": 1}]),
    "comments": (b': ping\n\n: ping\ndata: {"a":1}\n\n', [{"a": 1}]),
    "leading blank lines": (b'\n\n\ndata: {"a":1}\n\n', [{"a": 1}]),
    "many blank lines": (b'data: {"a":1}\n\n\n\n\ndata: {"a":2}\n\n', [{"a": 1}, {"a": 2}]),
    "id and retry alone": (b'id: 7\n\nretry: 10\n\ndata: {"a":1}\n\n', [{"a": 1}]),
    "empty data": (b'data:\n\ndata: \n\ndata: {"a":1}\n\n', [{"a": 1}]),
    "data over several lines": (b'data: {"a":\ndata: 1}\n\n', [{"a": 1}]),
    "several values in one event": (b'data: {"a":1}\ndata: {"a":2}\n\n', [{"a": 1}, {"a": 2}]),
    "no final blank line": (b'data: {"a":1}\n\ndata: {"a":2}', [{"a": 1}, {"a": 2}]),
    "done": (b'data: {"a":1}\n\ndata: [DONE]\n\ndata: {"a":2}\n\n', [{"a": 1}]),
    "done without an end": (b'data: {"a":1}\n\ndata: [DONE]', [{"a": 1}]),
    "utf-8": ('data: {"a":"東京 🚀"}\n\n'.encode(), [{"a": "東京 🚀"}]),
    "line separators in a string": (
        'data: {"a":"x\u2028y\u2029z\u0085"}\n\n'.encode(),
        [{"a": "x\u2028y\u2029z\u0085"}],
    ),
    "half a surrogate pair": (b'data: {"a":"\\ud83d"}\n\n', [{"a": "\ufffd"}]),
}

LINES: dict[str, tuple[bytes, list[Any]]] = {
    "plain": (b'{"a":1}\n{"a":2}\n', [{"a": 1}, {"a": 2}]),
    "crlf": (b'{"a":1}\r\n{"a":2}\r\n', [{"a": 1}, {"a": 2}]),
    "blank lines": (b'\n{"a":1}\n\n\n{"a":2}\n\n', [{"a": 1}, {"a": 2}]),
    "no final newline": (b'{"a":1}\n{"a":2}', [{"a": 1}, {"a": 2}]),
    "bom": (b'\xef\xbb\xbf{"a":1}\n', [{"a": 1}]),
    "line separators in a string": ('{"a":"x\u2028y\u0085"}\n'.encode(), [{"a": "x\u2028y\u0085"}]),
}

CASES = [pytest.param(SSEDecoder, *case, id=f"sse {name}") for name, case in SSE.items()]
CASES += [pytest.param(LineDecoder, *case, id=f"lines {name}") for name, case in LINES.items()]


def decode(decoder: EventDecoder, pieces: list[bytes]) -> list[Any]:
    events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()
    return [event.data for event in events]


@pytest.mark.parametrize(("kind", "text", "expected"), CASES)
def test_whole_and_one_byte_at_a_time(kind: type[EventDecoder], text: bytes, expected: list[Any]) -> None:
    assert decode(kind(), [text]) == expected
    assert decode(kind(), [text[n : n + 1] for n in range(len(text))]) == expected


@given(st.sampled_from(sorted(SSE)), st.sets(st.integers(1, 80)))
def test_any_cut(name: str, cuts: set[int]) -> None:
    text, expected = SSE[name]
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    assert decode(SSEDecoder(), [text[a:b] for a, b in itertools.pairwise(places)]) == expected


def test_names_and_statuses_of_events() -> None:
    text = b'id:1\nevent:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling"}\n\n'
    for pieces in ([text], [text[n : n + 1] for n in range(len(text))]):
        decoder = SSEDecoder()
        (event,) = [event for piece in pieces for event in decoder.feed(piece)]
        assert (event.name, event.status, event.data) == ("error", 429, {"code": "Throttling"})


@pytest.mark.parametrize("text", [b'{"a": 1}', b' \n[{"a": 1}]', b'\xef\xbb\xbf{"a":\n\n1}'])
def test_a_body_that_is_no_stream_is_kept_whole(text: bytes) -> None:
    for pieces in ([text], [text[n : n + 1] for n in range(len(text))]):
        decoder = SSEDecoder()
        assert decode(decoder, pieces) == []
        assert decoder.plain is not None
        assert decode_json(decoder.plain) == decode_json(text)


def test_what_is_no_json_comes_after_what_was() -> None:
    decoder = SSEDecoder()
    with pytest.raises(ValueError):
        decoder.feed(b'data: {"a":1}\n\ndata: {oops\n\n')
    assert [event.data for event in decoder.pending] == [{"a": 1}]


def test_json_that_orjson_refuses() -> None:
    assert decode_json(b'{"a": NaN}')["a"] != decode_json(b'{"a": NaN}')["a"]
    assert decode_json(encode_json({"a": 2**70, 1: "\ud800"})) == {"a": 2**70, "1": "\ufffd"}
    with pytest.raises(TypeError):
        encode_json({"a": object()})


@pytest.mark.parametrize("kind", [SSEDecoder, LineDecoder])
@given(data=st.data(), limit=st.integers(1, 40))
def test_the_cut_makes_no_difference(kind: type[EventDecoder], data: st.DataObject, limit: int) -> None:
    names = st.sampled_from([text for text, _ in (SSE if kind is SSEDecoder else LINES).values()])
    text = b"".join(data.draw(st.lists(names, max_size=3)))
    cuts = data.draw(st.sets(st.integers(1, max(1, len(text) - 1))))
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *sorted(cuts), len(text)])]
    assert outcome(kind, pieces, limit) == outcome(kind, [text], limit)
    assert outcome(kind, [text[n : n + 1] for n in range(len(text))], limit) == outcome(kind, [text], limit)


def outcome(kind: type[EventDecoder], pieces: list[bytes], limit: int) -> tuple[list[Any], Any, str]:
    """The events before the end or the failure, the plain body, and the failure."""
    decoder = kind()
    decoder.max_event = decoder.max_body = limit
    events = []
    failure = ""
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        events += decoder.flush()
    except ValueError as error:
        events += decoder.pending
        failure = type(error).__name__
    return [event.data for event in events], decoder.plain and decode_json(decoder.plain), failure


FRAMES = {
    "sse": (SSEDecoder, b'data: "%b"\n\n'),
    "sse crlf": (SSEDecoder, b'data: "%b"\r\n\r\n'),
    "sse in lines": (SSEDecoder, b'event: x\ndata: "%b"\nid: 1\n\n'),
    "sse plain": (SSEDecoder, b'{"a":"%b"}'),
    "lines": (LineDecoder, b'"%b"\n'),
}


class Counted(bytearray):
    """What a decoder keeps of an event; ``work`` counts the bytes that are put in, searched and taken out."""

    work = 0

    @override
    def __iadd__(self, more: Any) -> Counted:
        self.extend(more)
        return self

    @override
    def extend(self, more: Any) -> None:
        self.work += len(more)
        super().extend(more)

    @override
    def find(self, sought: Any, start: Any = 0, *end: Any) -> int:
        self.work += len(self) - start
        return super().find(sought, start, *end)

    def __bytes__(self) -> bytes:
        self.work += len(self)
        return bytes(memoryview(self))


@pytest.mark.parametrize(("kind", "frame"), FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("piece", [1, 2, 1400, 16384])
def test_the_work_grows_with_the_size_of_an_event(kind: type[EventDecoder], frame: bytes, piece: int) -> None:
    event = frame % (b"A" * 20_000)
    decoder = kind()
    kept = decoder._rest = Counted()
    events = [found for at in range(0, len(event), piece) for found in decoder.feed(event[at : at + piece])]
    events += decoder.flush()
    assert len(events) == (decoder.plain is None)
    assert decoder._rest is kept
    assert len(event) * 0.1 < kept.work < 5 * len(event)  # of a last piece with the end of the event nothing is kept


@pytest.mark.parametrize(("kind", "frame"), FRAMES.values(), ids=FRAMES)
def test_an_event_may_not_grow_for_ever(kind: type[EventDecoder], frame: bytes) -> None:
    decoder = kind()
    decoder.max_event = decoder.max_body = 1000
    endless = frame.partition(b"%b")[0]
    with pytest.raises(TooLarge) as caught:
        for _ in range(10):
            decoder.feed(endless)
            endless = b"A" * 200
    assert caught.value.key == ("max_body" if decoder.plain is not None else "max_event")
    assert caught.value.limit == 1000


def test_blank_lines_that_keep_a_connection_alive_are_no_event() -> None:
    decoder = SSEDecoder()
    decoder.max_event = 100
    for _ in range(1000):
        assert decoder.feed(b"\n") == []
    assert [event.data for event in decoder.feed(b'data: {"a":1}\n\n')] == [{"a": 1}]


def test_what_is_too_large_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(TooLarge("max_event", 5)))
    assert (str(error), error.key, error.limit) == ("larger than max_event: 5 bytes", "max_event", 5)
