"""The decoders of streams give the same events however the bytes are cut."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.wire import EventDecoder, LineDecoder, SSEDecoder, decode_json, encode_json

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
    "half a surrogate pair": (b'data: {"a":"\\ud83d"}\n\n', [{"a": "\ud83d"}]),
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
    assert decode_json(encode_json({"a": 2**70, 1: "\ud800"})) == {"a": 2**70, "1": "\ud800"}
    with pytest.raises(TypeError):
        encode_json({"a": object()})
