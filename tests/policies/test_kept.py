"""A kept answer comes back as it was, or not at all."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.policies import kept
from modelhub.policies.kept import build_deltas, build_kept, parse_kept
from modelhub.response import ModelResponse, StreamedResponse, ToolCall, Usage
from modelhub.response.accumulator import Accumulator
from modelhub.response.origin import Origin
from modelhub.response.streamed import build_response
from modelhub.response.tool_calls import MalformedToolCall

FIELDS = (
    *("text", "reasoning", "refusal", "finish_reason", "usage", "embedding", "image_urls", "parsed", "raw"),
    *("request_id", "model", "origin"),
)
ORIGINS = [Origin("openai api.example.com", lambda raw, message: {}), Origin("gemini g", lambda raw, message: {})]
texts = st.text()
numbers = st.integers() | st.floats()
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)
counts = st.integers(0)
usages = st.builds(Usage, counts, counts, st.none() | counts, st.none() | counts, st.none() | counts)
calls = st.builds(ToolCall, texts, texts, st.dictionaries(texts, json_values, max_size=3)) | st.builds(
    MalformedToolCall, texts, texts, texts, texts
)
responses = st.builds(
    ModelResponse,
    text=st.none() | texts,
    embedding=st.none() | st.lists(st.lists(numbers, max_size=4), max_size=3),
    image_urls=st.none() | st.lists(texts, max_size=3),
    raw=json_values,
    parsed=json_values,
    tool_calls=st.none() | st.lists(calls, max_size=3),
    reasoning=st.none() | texts,
    finish_reason=st.none() | texts,
    usage=st.none() | usages,
    request_id=st.none() | texts,
    model=st.none() | texts,
    refusal=st.none() | texts,
    origin=st.none() | st.sampled_from(ORIGINS),
)


def spell(value: Any) -> str:
    """``value`` as a text that tells 1 from 1.0 from True, and all NaN alike."""
    return json.dumps(value, sort_keys=True, default=repr)


def describe(call: ToolCall) -> str:
    return spell([type(call).__name__, *([getattr(call, name) for name in ("id", "name", "arguments")])]) + spell(
        [getattr(call, name, None) for name in ("text", "problem")]
    )


def keep(response: ModelResponse) -> bytes:
    data = build_kept(response)
    assert data is not None
    return data


def assert_equal(found: ModelResponse | None, response: ModelResponse) -> None:
    assert type(found) is ModelResponse
    for name in FIELDS:
        assert spell(getattr(found, name)) == spell(getattr(response, name)), name
    assert found.origin is response.origin
    assert (found.tool_calls is None) == (response.tool_calls is None)
    assert list(map(describe, found.tool_calls or ())) == list(map(describe, response.tool_calls or ()))


@given(responses)
def test_what_was_received_comes_back(response: ModelResponse) -> None:
    assert_equal(parse_kept(keep(response), ORIGINS), response)


WHOLE = ModelResponse(
    "Hello.",
    raw={"choices": [{"message": {"content": "Hello."}}]},
    reasoning="Hm.",
    tool_calls=[ToolCall("c1", "f", {"x": [1, 2.0]}), ToolCall("c2", "g", {})],
    finish_reason="stop",
    usage=Usage(1, 2, 3, 0),
    request_id="r",
    model="m",
    parsed={"a": 1},
    image_urls=["data:image/png;base64,AA=="],
    origin=ORIGINS[0],
)


@pytest.mark.parametrize(
    "value",
    [math.nan, -math.inf, 2**64, -(2**63) - 1, 2**200, -0.0, 1e-308, 0.1 + 0.2, "\ud83d", "\ud83d\ude00", "\0\u2028"],
    ids=repr,
)
def test_values_that_json_has_trouble_with(value: Any) -> None:
    response = ModelResponse("a", raw={"x": [value, 1], "y": {"z": value}})
    assert_equal(parse_kept(keep(response)), response)
    if isinstance(value, float):
        response = ModelResponse(embedding=[[value, 1.0], [value, 1]])
        assert_equal(parse_kept(keep(response)), response)


def test_deep_answers() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    response = ModelResponse("a", raw=deep)
    assert_equal(parse_kept(keep(response)), response)
    for _ in range(100_000):
        deep = [deep]
    assert build_kept(ModelResponse("a", raw=deep)) is None


def test_own_copies() -> None:
    data = keep(WHOLE)
    one, other = parse_kept(data), parse_kept(data)
    assert one is not None and other is not None
    one.tool_calls[0].arguments["x"].append(3)
    one.raw.clear()
    assert other.tool_calls[0].arguments == {"x": [1, 2.0]} and other.raw


@dataclass
class Library:
    """What a library answers with."""

    n: int = 1


@pytest.mark.parametrize(
    "strange", [Library(), (1, 2), {1: 2}, b"x", Decimal(1), [Library()], {"a": math.nan, "b": ()}]
)
def test_objects_of_libraries_stay_behind(strange: Any) -> None:
    found = parse_kept(keep(ModelResponse("a", raw=strange, parsed=strange, model="m")))
    assert found is not None
    assert (found.text, found.raw, found.parsed, found.model) == ("a", None, None, "m")


class Own(ModelResponse):
    """Somebody's own kind of answer."""


class Text(str):
    """Somebody's own kind of text."""


@pytest.mark.parametrize(
    "response",
    [
        ModelResponse({"a": 1}),  # type: ignore[arg-type]
        ModelResponse(Text("a")),
        Own("a"),
        ModelResponse("a", tool_calls=[{"name": "f"}]),
        ModelResponse("a", tool_calls=[ToolCall("c", "f", {"x": Library()})]),
        ModelResponse("a", usage={"prompt_tokens": 1}),  # type: ignore[arg-type]
        ModelResponse(embedding=[(1.0, 2.0)]),  # type: ignore[list-item]
        ModelResponse(embedding=[[True]]),
        ModelResponse(image_urls=["a", None]),  # type: ignore[list-item]
    ],
)
def test_what_would_come_back_changed_is_not_kept(response: ModelResponse) -> None:
    assert build_kept(response) is None


def test_a_stream_is_kept_when_it_has_been_read() -> None:
    response = ModelResponse(stream=iter(["Hel", "Hello."]))
    assert build_kept(response) is None
    assert isinstance(response, StreamedResponse) and list(response)
    found = parse_kept(keep(response))
    assert type(found) is ModelResponse and found.text == "Hello."


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(kept, "_BROKEN", [])
    return caplog


def test_another_version_is_a_miss(log: pytest.LogCaptureFixture) -> None:
    for version in (b"1", b"x", b""):
        assert parse_kept(keep(WHOLE).replace(b" 2 ", b" " + version + b" ", 1)) is None
    assert not log.records


def damage(fields: Any) -> bytes:
    """An entry of such fields whose checksum is right."""
    text = orjson.dumps(fields)
    return b"modelhub-answer 2 exact %08x\n%b" % (kept.crc32(text), text)


BROKEN = [
    b"",
    b"\n",
    b"\x80\x04N.",
    b"{}",
    keep(WHOLE)[:-1],
    keep(WHOLE)[:40],
    keep(WHOLE) + b" ",
    keep(WHOLE).replace(b"Hello", b"Hallo"),
    b"modelhub-answer 2 wide %08x\n%b" % (kept.crc32(b"[" * 100_000), b"[" * 100_000),
    b"modelhub-answer 2 wide %08x\n\xff" % kept.crc32(b"\xff"),
    *map(
        damage,
        [
            [],
            None,
            {"text": 1},
            {"text": ["a"]},
            {"stream": ["a"]},
            {"_arrival": 1},
            {"usage": [1, 2, 3]},
            {"usage": [1, 2, 3, "4", None]},
            {"usage": {"prompt_tokens": 1}},
            {"tool_calls": [["a", "b"]]},
            {"tool_calls": [["a", "b", []]]},
            {"tool_calls": {"a": 1}},
            {"embedding": [["a"]]},
            {"embedding": [1]},
            {"image_urls": "a"},
            {"image_urls": [1]},
            {"origin": 1},
        ],
    ),
]


@pytest.mark.parametrize("data", BROKEN)
def test_a_broken_entry_is_a_miss_and_logged_once(data: bytes, log: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert parse_kept(data, ORIGINS) is None
    (record,) = log.records
    assert (record.name, record.levelno) == ("modelhub", logging.WARNING)
    assert "a kept answer cannot be read" in record.getMessage()


@given(st.binary(max_size=200))
def test_nothing_in_a_store_is_an_error(data: bytes) -> None:
    assert parse_kept(data) is None
    assert parse_kept(b"modelhub-answer 2 exact %08x\n%b" % (kept.crc32(data), data)) is None or data == b"{}"


@given(st.dictionaries(st.sampled_from([*FIELDS, "tool_calls", "other"]), json_values))
def test_no_field_of_another_kind_comes_out(fields: dict[str, Any]) -> None:
    text = json.dumps(fields).encode()
    found = parse_kept(b"modelhub-answer 2 wide %08x\n%b" % (kept.crc32(text), text), ORIGINS)
    if found is not None:
        assert build_kept(found) is not None


@settings(max_examples=300)
@given(st.data())
def test_no_slip_of_a_byte_goes_unnoticed(data: st.DataObject) -> None:
    entry = bytearray(keep(WHOLE))
    n = data.draw(st.integers(0, len(entry) - 1))
    entry[n] = data.draw(st.integers(0, 255).filter(lambda byte: byte != entry[n]))
    assert parse_kept(bytes(entry)) is None or n in range(len(b"modelhub-answer 2 "), entry.index(b"\n") - 8)


def test_the_origin_is_found_by_its_name() -> None:
    found = parse_kept(keep(WHOLE), ORIGINS)
    assert found is not None and found.origin is ORIGINS[0]
    found = parse_kept(keep(WHOLE), ORIGINS[1:])
    assert found is not None and found.origin is None


@given(responses.map(lambda response: parse_kept(keep(response), ORIGINS)))
def test_a_kept_answer_streams(response: ModelResponse) -> None:
    so_far = Accumulator()
    deltas = build_deltas(response, so_far)
    assert deltas and so_far.ended
    assert "".join(delta.text or "" for delta in deltas) == (response.text or "")
    assert "".join(delta.reasoning or "" for delta in deltas) == (response.reasoning or "")
    assert deltas[-1].finish_reason == response.finish_reason and deltas[-1].usage == response.usage
    found = build_response(so_far)
    assert (found.text or None, found.reasoning, found.refusal) == (
        response.text or None,
        response.reasoning or None,
        response.refusal or None,
    )
    for name in ("finish_reason", "usage", "parsed", "raw", "request_id", "origin"):
        assert spell(getattr(found, name)) == spell(getattr(response, name)), name
    assert (found.model or None, found.image_urls) == (response.model or None, response.image_urls or None)


def test_the_calls_of_a_kept_answer_stream() -> None:
    so_far = Accumulator()
    deltas = build_deltas(WHOLE, so_far)
    assert [call.name for delta in deltas for call in delta.tool_calls or ()] == ["f", "g"]
    assert build_response(so_far).tool_calls == WHOLE.tool_calls
    assert [delta.text for delta in deltas] == ["", "Hello.", "", "", ""]
