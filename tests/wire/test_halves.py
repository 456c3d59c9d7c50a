"""No half of a character leaves a decoder: two that meet become one, wherever the text was cut."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.wire import Halves, LineDecoder, SSEDecoder, decode_json, mend, mend_inside

HIGH, LOW, LOST = "\ud83c", "\udf0a", "\ufffd"
TEXTS = st.text(st.sampled_from(["a", "é", "東", "🌊", HIGH, LOW, '"', "\\"]), max_size=8)
VALUES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def utf16(text: str) -> str:
    """What a program with UTF-16 strings, which writes U+FFFD for a half, makes of ``text``."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cut(text: str, places: list[int]) -> list[str]:
    """``text`` cut between units of UTF-16, as a server written in JavaScript cuts it."""
    data = text.encode("utf-16-le", "surrogatepass")
    units = [data[n : n + 2] for n in range(0, len(data), 2)]
    edges = [0, *sorted(place % (len(units) + 1) for place in places), len(units)]
    return [b"".join(units[a:b]).decode("utf-16-le", "surrogatepass") for a, b in itertools.pairwise(edges)]


def read(kind: type[SSEDecoder | LineDecoder], values: list[Any]) -> list[Any]:
    """What a decoder makes of events with ``values``."""
    decoder = kind()
    texts = [json.dumps(value).encode() for value in values]
    lines = [b"data: " + text + b"\n\n" if kind is SSEDecoder else text + b"\n" for text in texts]
    events = [event for line in lines for event in decoder.feed(line)] + decoder.flush()
    return [event.data for event in events]


@given(VALUES)
def test_a_whole_value_can_be_encoded_and_is_the_same_without_halves(value: Any) -> None:
    mended = decode_json(json.dumps(value))
    json.dumps(mended, ensure_ascii=False).encode()
    json.dumps(mend(value), ensure_ascii=False).encode()
    assert mend(mended) == mended
    assert decode_json(json.dumps(mended)) == mended


@given(TEXTS)
def test_a_text_is_what_utf_16_makes_of_it(text: str) -> None:
    assert mend(text) == utf16(text)
    assert decode_json(json.dumps([text])) == [utf16(text)]


@pytest.mark.parametrize("kind", [SSEDecoder, LineDecoder])
@given(text=TEXTS, places=st.lists(st.integers(0, 20), max_size=4))
def test_pieces_of_a_text_join_to_the_text(kind: type[SSEDecoder], text: str, places: list[int]) -> None:
    pieces = cut(text, places)
    deltas = read(kind, [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces])
    assert len(deltas) == len(pieces)
    assert "".join(delta["choices"][0]["delta"]["content"] for delta in deltas) == utf16(text)


@given(st.lists(VALUES, max_size=5))
def test_any_events_come_whole_and_in_order(values: list[Any]) -> None:
    found = read(LineDecoder, values)
    assert len(found) == len(values)
    for value, came in zip(values, found, strict=True):
        json.dumps(came, ensure_ascii=False).encode()
        if mend(value) is value:
            assert came == value


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (["tide " + HIGH, LOW + " in"], ["tide ", "🌊 in"]),
        (["tide " + HIGH, "", LOW + " in"], ["tide ", "", "🌊 in"]),
        (["tide " + HIGH, "x"], ["tide " + LOST, "x"]),
        (["tide", LOW + "x"], ["tide", LOST + "x"]),
        ([HIGH, LOW], ["", "🌊"]),
        ([HIGH, HIGH, LOW], [LOST, "", "🌊"]),
        ([HIGH], [LOST]),
        (["tide " + HIGH, "tide 🌊", "tide 🌊 in"], ["tide ", "tide 🌊", "tide 🌊 in"]),  # each repeats the last
        ([{"a": HIGH}, {"b": LOW}], [{"a": LOST}, {"b": LOST}]),
        ([{"index": 0, "a": HIGH}, {"index": 1, "a": "x"}, {"index": 0, "a": LOW}], None),
        ([[{"thought": True, "text": "x"}, {"text": HIGH}], [{"text": LOW}]], None),
    ],
)
def test_where_halves_meet(events: list[Any], expected: list[Any] | None) -> None:
    found = read(SSEDecoder, events)
    assert found == expected if expected is not None else "🌊" in json.dumps(found, ensure_ascii=False)
    assert LOST not in json.dumps(found, ensure_ascii=False) or expected is not None


def test_no_more_events_wait_than_can_be_kept() -> None:
    halves = Halves()
    waiting = [halves.add(SimpleNamespace(data=mend_inside(text))) for text in [HIGH] + [""] * 15]
    assert [len(ready) for ready in waiting] == [0] * 15 + [16]
    assert waiting[-1][0].data == LOST
    assert not halves


def test_what_waits_comes_before_the_end_and_before_an_error() -> None:
    half = json.dumps({"a": "tide " + HIGH}).encode()
    for rest in (b"data: [DONE]\n\n", b"data: {oops\n\n"):
        decoder = SSEDecoder()
        assert decoder.feed(b"data: " + half + b"\n\n") == []
        try:
            events = decoder.feed(rest)
        except ValueError:
            events = decoder.pending
        assert [event.data for event in events] == [{"a": "tide " + LOST}]
    decoder = SSEDecoder()
    decoder.feed(b"data: " + half + b"\n\n")
    assert [event.data for event in decoder.give_up()] == [{"a": "tide " + LOST}]


def test_deep_values_that_orjson_refuses_are_no_other_error() -> None:
    for depth in (100, 400, 900, 100_000):
        text = "[" * depth + json.dumps(HIGH) + "]" * depth
        try:
            decode_json(text)
        except ValueError as error:
            assert "deep" in str(error)
