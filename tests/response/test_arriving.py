"""A response that is still arriving: its fields say what has come, and only ``text``, and what shows it, reads on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelResponse, ModelWrapperBase
from modelhub.response import StreamedResponse, ToolCall, ToolCallDelta, Usage
from modelhub.response.streamed import FIELDS
from modelhub.testing import Replay
from modelhub.wire import Reply, Request

CHAT = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
EVENTS: list[dict[str, Any]] = [
    {"id": "1", "model": "m-1", "choices": [{"index": 0, "delta": {"content": "one "}}]},
    {"id": "1", "model": "m-1", "choices": [{"index": 0, "delta": {"content": "two"}}]},
    {"id": "1", "model": "m-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"id": "1", "model": "m-1", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
]
CHUNKS = [f"data: {json.dumps(event)}\n\n" for event in EVENTS] + ["data: [DONE]\n\n"]
STREAM = {"status": 200, "headers": {"content-type": "text/event-stream", "x-request-id": "r1"}, "chunks": CHUNKS}
UNKNOWN = ("tool_calls", "finish_reason", "usage", "image_urls", "parsed", "reasoning")
OTHERS = tuple(name for name in FIELDS if name != "text")


class Counted(Replay):
    """Counts what is read of its streams."""

    read = 0

    def open(self, request: Request) -> Any:
        body, reply = super().open(request)
        once = body.read

        def read() -> bytes:
            self.read += 1
            return once()

        body.read = read  # type: ignore[method-assign]
        reply_of: Reply = reply
        return body, reply_of


def ask(how: str) -> tuple[Any, Counted]:
    model = ModelRegistry(CHAT).get_model("gpt")
    model.drivers = recordings = Counted([STREAM])
    if how == "async":
        return asyncio.run(model.acall("hi", stream=True)), recordings
    return model("hi", stream=True), recordings


def look(response: Any) -> dict[str, Any]:
    """Everything that may be looked at without waiting."""
    assert repr(response) == "<StreamedResponse still arriving>"
    assert response.embedding is None and response.is_stream_exhausted is False
    return {name: getattr(response, name) for name in OTHERS}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_looking_at_it_reads_nothing(how: str) -> None:
    response, recordings = ask(how)
    assert isinstance(response, StreamedResponse) and isinstance(response, ModelResponse)
    before = recordings.read
    seen = look(response)
    assert recordings.read == before
    assert [seen[name] for name in UNKNOWN] == [None] * len(UNKNOWN)
    assert (seen["model"], seen["request_id"], seen["raw"]) == ("m-1", "r1", EVENTS[:1])


@pytest.mark.parametrize("how", ["sync", "async"])
def test_while_it_is_read_its_fields_say_what_has_come(how: str) -> None:
    texts: list[Any] = []

    def note(response: Any) -> None:
        look(response)
        texts.append((response.text, response.finish_reason, response.usage is not None))

    async def wait(model: Any) -> Any:
        response = await model.acall("hi", stream=True)
        async for _ in response:
            note(response)
        return response

    model = ModelRegistry(CHAT).get_model("gpt")
    model.drivers = Replay([STREAM])
    if how == "async":
        response = asyncio.run(wait(model))
    else:
        response = model("hi", stream=True)
        for _ in response:
            note(response)
    assert texts == [
        ("one ", None, False),
        ("one two", None, False),
        ("one two", "stop", False),
        ("one two", "stop", True),
    ]
    assert (response.text, response.finish_reason, response.usage.total_tokens) == ("one two", "stop", 3)
    assert (response.raw, response.is_stream_exhausted) == (EVENTS, True)
    assert json.loads(str(response))["text"] == "one two"
    assert repr(response).startswith("StreamedResponse(text='one two', finish_reason='stop'")
    assert response.to_message() == {"role": "assistant", "content": "one two"}
    assert list(response) == []


def test_text_reads_the_rest_of_a_blocking_stream_alone() -> None:
    response, recordings = ask("sync")
    assert response.text == "one two"
    assert recordings.read == len(CHUNKS)
    response, recordings = ask("async")
    before = recordings.read
    assert str(response) == repr(response) == "<StreamedResponse still arriving>"
    for look_at in (lambda: response.text, response.to_message):
        with pytest.raises(RuntimeError, match=r"await response\.complete"):
            look_at()
    assert recordings.read == before


@pytest.mark.parametrize("how", ["sync", "async"])
def test_one_that_was_closed_keeps_what_came_and_reads_no_more(how: str) -> None:
    response, recordings = ask(how)
    response.close()
    before = recordings.read
    assert response.text == "one "
    assert response.to_message() == {"role": "assistant", "content": "one "}
    assert json.loads(str(response))["text"] == "one "
    assert recordings.read == before


def test_one_over_texts_is_one_too() -> None:
    drawn: list[str] = []

    def texts() -> Iterator[str]:
        for text in ("a", "a b", "a b c"):
            drawn.append(text)
            yield text

    response: Any = ModelResponse(stream=texts())
    assert isinstance(response, StreamedResponse)
    assert all(not value for value in look(response).values())
    assert drawn == []
    assert [delta.text for delta in response] == ["a", " b", " c"]
    assert (response.text, response.is_stream_exhausted) == ("a b c", True)


def test_what_a_generator_brings_is_there_as_it_comes() -> None:
    class Spoken(ModelWrapperBase):
        model_type = "arriving_spoken"

        def __call__(self) -> Iterator[ModelResponse]:
            yield ModelResponse("a ", usage=Usage(1, 1))
            yield ModelResponse("a b", reasoning="why", finish_reason="stop", model="m-2")

    with ModelRegistry({"config_name": "x", "model_type": "arriving_spoken"}, wrappers=[Spoken]) as hub:
        response = hub.get_model("x")()
        assert look(response)["usage"].total_tokens == 2
        assert [delta.text for delta in response] == ["a ", "a b"]
        assert (response.text, response.reasoning, response.finish_reason) == ("a b", "why", "stop")
        assert response.model == "m-2"


CALL = ToolCall("1", "f", {"a": 1})
GENERATED: dict[str, tuple[list[Any], Any, dict[str, Any]]] = {
    "pieces": (["a ", "b ", "c"], None, {"text": "a b c"}),
    "texts so far": (["a ", "a b ", "a b c"], None, {"text": "a b c"}),
    "a piece that repeats all before it": (["1", "2", "12"], None, {"text": "1212"}),
    "nothing new": (["a", "a", ""], None, {"text": "a"}),
    "thoughts in pieces": (
        [ModelResponse("", reasoning="so "), ModelResponse("", reasoning="what"), ModelResponse("a")],
        None,
        {"text": "a", "reasoning": "so what"},
    ),
    "thoughts so far": (
        [ModelResponse("", reasoning="so "), ModelResponse("a", reasoning="so what")],
        None,
        {"text": "a", "reasoning": "so what"},
    ),
    "pieces of a call": (
        [
            ModelResponse(tool_calls=[ToolCallDelta(0, "1", "f", '{"a"')]),
            ModelResponse(tool_calls=[ToolCallDelta(0, arguments=": 1}")]),
        ],
        None,
        {"tool_calls": [CALL]},
    ),
    "whole calls so far": (
        [ModelResponse("", tool_calls=[CALL]), ModelResponse("", tool_calls=[CALL, ToolCall("2", "g", {})])],
        None,
        {"tool_calls": [CALL, ToolCall("2", "g", {})]},
    ),
    "all of it returned": (
        ["a "],
        ModelResponse("a b", reasoning="why", tool_calls=[CALL], finish_reason="tool_calls"),
        {"text": "a b", "reasoning": "why", "tool_calls": [CALL], "finish_reason": "tool_calls"},
    ),
}


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("case", GENERATED)
def test_nothing_that_a_generator_yields_is_lost(case: str, how: str) -> None:
    items, returned, expected = GENERATED[case]

    class Generated(ModelWrapperBase):
        model_type = "arriving_generated"

        def __call__(self) -> Any:
            yield from items
            return returned

    async def wait() -> Any:
        return await (await hub.get_model("x").acall()).complete()

    with ModelRegistry({"config_name": "x", "model_type": "arriving_generated"}, wrappers=[Generated]) as hub:
        response = asyncio.run(wait()) if how == "async" else hub.get_model("x")()
        assert response.text is not None
        assert {name: getattr(response, name) for name in expected} == expected


def test_the_view_of_texts_that_repeat_themselves() -> None:
    response: Any = ModelResponse(stream=iter(["ha", "haha", "hahaha"]))
    assert list(response.stream) == [(False, "ha"), (False, "haha"), (True, "hahaha")]
    assert response.text == "hahaha"
