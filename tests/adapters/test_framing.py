"""Streams of any size and shape are cut into documents within limits, and in time that is in proportion to them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.adapters.events import compile_stream
from modelhub.adapters.stream_decoder import End
from modelhub.wire import EventDecoder, TooLarge

KINDS = ("sse", "ndjson", "json_array", "text", "lines")


def build_decoder(kind: str, **config: Any) -> EventDecoder:
    return compile_stream({"framing": kind, "text": "t", **config}).build_decoder()


def read(decoder: EventDecoder, pieces: list[bytes]) -> list[Any]:
    found = []
    for piece in pieces:
        found += decoder.feed(piece)
        if decoder.done:
            break
    else:
        found += decoder.flush()
    return [event.data for event in found if not isinstance(event.data, End)]


def cut(data: bytes, places: set[int]) -> list[bytes]:
    cuts = sorted(place for place in places if 0 < place < len(data))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 10**20) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=5), st.sets(st.integers(0, 400), max_size=10), st.booleans(), st.integers(0, 3))
def test_the_items_of_any_array(items: list[Any], places: set[int], ascii: bool, indent: int) -> None:
    data = json.dumps(items, ensure_ascii=ascii, indent=indent or None).encode("utf-8", "replace")
    found = read(build_decoder("json_array"), cut(data, places))
    assert found == json.loads(data)


def write_sse(items: list[Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(item).encode() + b"\n\n" for item in items)


def write_lines(items: list[Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@pytest.mark.parametrize(("kind", "write"), [("sse", write_sse), ("ndjson", write_lines), ("lines", write_lines)])
@given(items=st.lists(JSON, max_size=5), places=st.sets(st.integers(0, 400), max_size=10))
def test_the_events_of_any_stream(kind: str, write: Any, items: list[Any], places: set[int]) -> None:
    data = write(items)
    if kind == "sse" or not data.startswith((b"{", b"[")):
        assert read(build_decoder(kind), cut(data, places)) == [json.loads(json.dumps(item)) for item in items]


ALPHABET = [
    b"data: ",
    b"event: x",
    b"\n",
    b"\r",
    b"\n\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b'"',
    b"\\",
    b"a",
    b"1",
    b"\xff",
]
ALPHABET += [
    b"\xe4\xbd\xa0",
    b"\xe4",
    b"\xef\xbb\xbf",
    b" ",
    b"null",
    b"[DONE]",
    b"END",
    b'{"t": "x"}',
    b"\\ud83d",
    b":",
]


@given(
    st.sampled_from(KINDS),
    st.lists(st.sampled_from(ALPHABET), max_size=25).map(b"".join),
    st.sampled_from([None, "END", {"when": "t"}]),
    st.sets(st.integers(0, 80), max_size=10),
)
def test_any_bytes_are_the_same_however_they_are_cut(kind: str, data: bytes, done: Any, places: set[int]) -> None:
    config = {} if done is None else {"done": done}
    whole, pieces = build_decoder(kind, **config), build_decoder(kind, **config)
    found, same = read(whole, [data]), read(pieces, cut(data, places))
    if kind == "text":
        found, same = ["".join(document["body"] for document in documents) for documents in (found, same)]
    assert same == found
    assert (pieces.plain, pieces.done) == (whole.plain, whole.done)


LARGE: dict[str, tuple[str, bytes]] = {
    "an event": ("sse", b'data: {"t": "%s"}\n\n' % (b"x" * 200)),
    "an event without an end": ("sse", b"data: " + b"x" * 200),
    "a line": ("ndjson", b'{"t": "%s"}\n' % (b"x" * 200)),
    "an item": ("json_array", b'[{"t": "%s"}]' % (b"x" * 200)),
    "an item without an end": ("json_array", b'[{"t": "%s' % (b"x" * 200)),
    "a number": ("json_array", b"[" + b"1" * 200),
    "a line with a prefix": ("lines", b"x" * 200 + b"\n"),
}


@pytest.mark.parametrize(("kind", "data"), LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_that_are_too_large(kind: str, data: bytes, size: int) -> None:
    decoder = build_decoder(kind)
    decoder.max_event = 100
    first = b'data: {"t": "a"}\n\n' if kind == "sse" else b'{"t": "a"}\n'
    data = b'[{"t": "a"},' + data[1:] if kind == "json_array" else first + data
    found = []
    with pytest.raises(TooLarge):
        for at in range(0, len(data), size):
            found += decoder.feed(data[at : at + size])
    assert [event.data for event in found + decoder.pending] == [{"t": "a"}]


@pytest.mark.parametrize("kind", ["sse", "json_array"])
def test_whole_replies_that_are_too_large(kind: str) -> None:
    decoder = build_decoder(kind)
    decoder.max_body = 100
    with pytest.raises(TooLarge):
        for _ in range(30):
            decoder.feed(b'{"t": 1234567')


def test_what_follows_the_last_event_may_be_of_any_size() -> None:
    for config in ({"done": "END"}, {"done": {"when": "@ == 'END'"}}):
        decoder = build_decoder("sse", **config)
        decoder.max_event = 20
        data = (
            b'data: {"t": 1}\n\ndata: %s\n\n' % (b'"END"' if "when" in str(config) else b"END") + b"data: " + b"x" * 99
        )
        assert read(decoder, [data])[0] == {"t": 1}
        assert decoder.done


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_the_last_event_may_be_the_one_that_is_too_large(charset: str) -> None:
    decoder = build_decoder("ndjson")
    decoder.max_event = 20
    decoder.headers = {"content-type": f"x/y; charset={charset}"}
    found = decoder.feed(b'{"t": "a"}\n')
    with pytest.raises(TooLarge):
        found += decoder.feed(b"x" * 30)
    with pytest.raises(TooLarge):
        decoder.feed(b"x" * 30 + b"\n")
    assert [event.data for event in found] == [{"t": "a"}]


def test_white_space_is_not_kept() -> None:
    decoder = build_decoder("json_array")
    decoder.max_event = 100
    for piece in (b"[", *[b" \n" * 40] * 50, b"{}", *[b" \n" * 40] * 50, b",", *[b" " * 90] * 50, b"]"):
        decoder.feed(piece)
    assert decoder.done


def test_an_item_is_given_as_soon_as_it_is_whole() -> None:
    decoder = build_decoder("json_array")
    assert [event.data for event in decoder.feed(b'[{"t": 1}')] == [{"t": 1}]
    assert [event.data for event in decoder.feed(b',{"t": 2}')] == [{"t": 2}]


SLOW: dict[str, tuple[str, bytes]] = {
    "a long string": ("json_array", b'[{"t": "' + b"x" * 300_000 + b'"}]'),
    "many escapes": ("json_array", b'[{"t": "' + b'\\"' * 150_000 + b'"}]'),
    "many brackets": ("json_array", b"[" + b"[" * 300_000),
    "many items": ("json_array", b"[" + b"1," * 100_000 + b"1]"),
    "many objects": ("json_array", b"[" + b"{}," * 100_000 + b"{}]"),
    "a long event": ("sse", b"data: " + b"x" * 300_000 + b"\n\n"),
    "a long line": ("ndjson", b"x" * 300_000 + b"\n"),
    "many lines": ("ndjson", b"1\n" * 100_000),
    "text": ("text", b"x" * 300_000),
    "a number of many digits": ("json_array", b"[" + b"9" * 300_000 + b"]"),
}


@pytest.mark.parametrize(("kind", "data"), SLOW.values(), ids=SLOW)
def test_the_work_is_in_proportion_to_the_bytes(kind: str, data: bytes) -> None:
    for size in (1, 100, len(data)):
        decoder = build_decoder(kind)
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        began = time.process_time()
        read(decoder, pieces)
        assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("kind", "config", "data", "texts"),
    [
        ("sse", {"text": "body", "done": "[[END]]"}, b"data: one\n\ndata: [[E", ["one"]),
        ("sse", {"text": "body", "done": "[[END]]"}, b"data: one\n\ndata: tw", ["one"]),
        ("sse", {"text": "body", "done": "[[END]]"}, b"data: one\n\ndata: [[END]]", ["one"]),
        ("sse", {"text": "body"}, b"data: one\n\ndata: two", ["one", "two"]),
        ("lines", {"prefix": ">", "done": "END"}, b">one\n>EN", ["one"]),
        ("lines", {"prefix": ">"}, b">one\n>two", ["one", "two"]),
        ("ndjson", {"text": "t || body", "done": "END"}, b'{"t": 1}\n{"t": 2}', [1, 2]),
        ("ndjson", {"text": "t || body", "done": "END"}, b'{"t": 1}\n{"t": ', [1]),
    ],
)
def test_half_of_a_text_is_not_read_where_more_was_to_come(
    kind: str, config: dict[str, Any], data: bytes, texts: list[Any]
) -> None:
    found = read(build_decoder(kind, **config), [data])
    assert [document.get("t", document.get("body")) for document in found] == texts


def test_half_of_a_character_is_left_out_where_a_connection_broke() -> None:
    data = "ab 你".encode()[:-1]
    decoder = build_decoder("text")
    assert "".join(event.data["body"] for event in [*decoder.feed(data), *decoder.give_up()]) == "ab "
    assert "".join(document["body"] for document in read(build_decoder("text"), [data])) == "ab \ufffd"
