"""A response that is still arriving: its fields say what has come, and only its text waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelResponse
from modelhub.response import StreamedResponse, ToolCallDelta, Usage
from modelhub.response.accumulator import Accumulator

FIELDS = ("reasoning", "tool_calls", "finish_reason", "usage", "image_urls", "parsed", "raw", "request_id", "model")
DELTAS = [
    ModelResponse("one ", reasoning="hm", raw={"n": 1}, model="m"),
    ModelResponse("two", tool_calls=[ToolCallDelta(0, "c1", "f", "{}")], raw={"n": 2}),
    ModelResponse("", finish_reason="stop", usage=Usage(1, 2), raw={"n": 3}),
]


class Source:
    """Hands the deltas out and counts them, as a driver does."""

    def __init__(self) -> None:
        self.so_far = Accumulator()
        self.read = 0
        self.closed = False

    def __iter__(self) -> Iterator[ModelResponse]:
        return self

    def __next__(self) -> ModelResponse:
        if self.closed or self.read == len(DELTAS):
            self.so_far.ended = True
            raise StopIteration
        self.read += 1
        self.so_far.add(DELTAS[self.read - 1])
        return DELTAS[self.read - 1]

    def close(self) -> None:
        self.closed = self.so_far.ended = True


class AsyncSource(Source):
    """The same for an event loop; blocking code finds no iterator."""

    __iter__ = __next__ = None  # type: ignore[assignment]

    def __aiter__(self) -> AsyncSource:
        return self

    async def __anext__(self) -> ModelResponse:
        try:
            return Source.__next__(self)
        except StopIteration:
            raise StopAsyncIteration from None


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def response(source: Source) -> StreamedResponse:
    return StreamedResponse.arriving(source, source.so_far)


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_but_the_text_reads_anything(response: Any, source: Source, name: str) -> None:
    assert getattr(response, name) in (None, [])
    assert source.read == 0
    repr(response)
    assert (response.embedding, response.is_stream_exhausted, source.read) == (None, False, 0)


def test_in_the_loop_the_fields_say_what_has_come(response: StreamedResponse) -> None:
    seen = [(delta.text, response.text, response.reasoning, response.finish_reason) for delta in response]
    assert seen == [("one ", "one ", "hm", None), ("two", "one two", "hm", None), ("", "one two", "hm", "stop")]


def test_the_text_reads_what_is_left(response: StreamedResponse, source: Source) -> None:
    assert response.text == "one two"
    assert (source.read, response.is_stream_exhausted, response.raw) == (3, True, [{"n": 1}, {"n": 2}, {"n": 3}])
    assert (response.usage, response.model, response.tool_calls[0].id) == (Usage(1, 2), "m", "c1")
    assert list(response) == []


def test_a_message_of_it_is_whole(response: StreamedResponse) -> None:
    message = response.to_message()
    assert (message["content"], [call["id"] for call in message["tool_calls"]]) == ("one two", ["c1"])


def test_what_is_closed_keeps_what_came(response: StreamedResponse) -> None:
    next(iter(response))
    response.close()
    assert (response.text, response.to_message()) == ("one ", {"role": "assistant", "content": "one "})


def test_it_is_iterated_once(response: StreamedResponse) -> None:
    deltas = iter(response)
    next(deltas)
    with pytest.raises(RuntimeError, match="iterated already"):
        next(iter(response))
    assert response.text == "one "  # inside the loop


def test_an_async_one_is_not_waited_for_by_blocking_code() -> None:
    source = AsyncSource()
    response = StreamedResponse.arriving(source, source.so_far)
    with pytest.raises(RuntimeError, match="still arriving"):
        _ = response.text
    with pytest.raises(TypeError, match="async for"):
        list(response)
    assert response.usage is None
    assert asyncio.run(response.complete()) is response
    assert (response.text, response.finish_reason, source.read) == ("one two", "stop", 3)


def test_fields_can_be_set(response: Any) -> None:
    response.parsed = {"mine": 1}
    assert response.parsed == {"mine": 1}
    whole: Any = ModelResponse("hi")
    whole.text = "ho"
    assert whole.text == "ho"


def test_texts_so_far_make_one() -> None:
    made = ModelResponse(stream=iter(["one ", "one two"]))
    assert isinstance(made, StreamedResponse) and isinstance(made, ModelResponse)
    assert [delta.text for delta in made] == ["one ", "two"]
    assert made.text == "one two"


def test_a_whole_response_is_none() -> None:
    whole = ModelResponse("hi")
    assert not isinstance(whole, StreamedResponse)
    assert list(whole) == [whole]
    assert (whole.stream, whole.is_stream_exhausted, asyncio.run(whole.complete())) == (None, False, whole)
