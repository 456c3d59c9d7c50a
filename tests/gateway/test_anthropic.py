"""The official SDK of Anthropic as a client of the gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub.testing import MockServer

from .running import Running

anthropic = pytest.importorskip("anthropic")

CHATS = ["claude", "openai", "gemini", "qwen", "local", "best"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = [{"name": "get_weather", "description": "The weather.", "input_schema": SCHEMA}]


def say(text: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def client(gateway: Running) -> Iterator[Any]:
    with anthropic.Anthropic(base_url=gateway.url, api_key="any", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("model", CHATS)
def test_a_message(client: Any, model: str) -> None:
    reply = client.messages.create(model=model, max_tokens=50, system="Be brief.", messages=say("echo: Hello, world"))
    assert [(block.type, block.text) for block in reply.content] == [("text", "Hello, world")]
    assert (reply.type, reply.role, reply.stop_reason) == ("message", "assistant", "end_turn")
    assert reply.usage.input_tokens > 0 and reply.usage.output_tokens > 0


@pytest.mark.parametrize("model", CHATS)
def test_a_stream(client: Any, model: str) -> None:
    with client.messages.stream(model=model, max_tokens=500, messages=say("count: 30")) as stream:
        text = "".join(stream.text_stream)
        whole = stream.get_final_message()
    assert text == whole.content[0].text == " ".join(map(str, range(1, 31)))
    assert whole.stop_reason == "end_turn" and whole.usage.output_tokens > 0


def test_the_events_of_a_stream(client: Any) -> None:
    kinds = [
        event.type for event in client.messages.create(model="openai", max_tokens=9, messages=say("Hi"), stream=True)
    ]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_an_answer_that_is_cut_short(client: Any) -> None:
    reply = client.messages.create(model="openai", max_tokens=3, messages=say("count: 10"))
    assert (reply.stop_reason, reply.content[0].text) == ("max_tokens", "1 2 3")


@pytest.mark.parametrize("model", CHATS)
def test_tools_there_and_back(client: Any, model: str) -> None:
    question = say("What is the weather in Paris?")
    reply = client.messages.create(model=model, max_tokens=99, messages=question, tools=TOOLS)
    (call,) = [block for block in reply.content if block.type == "tool_use"]
    assert (reply.stop_reason, call.name) == ("tool_use", "get_weather") and "city" in call.input
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "sunny"}]}
    messages = [*question, {"role": "assistant", "content": reply.content}, *say([result])]
    reply = client.messages.create(model=model, max_tokens=99, messages=messages, tools=TOOLS)
    assert reply.content[0].text == "The tool says: sunny"


def test_streamed_tool_calls_come_whole(client: Any) -> None:
    with client.messages.stream(
        model="openai", max_tokens=99, messages=say("What is the weather in Paris?"), tools=TOOLS
    ) as stream:
        reply = stream.get_final_message()
    (call,) = [block for block in reply.content if block.type == "tool_use"]
    assert "city" in call.input and reply.stop_reason == "tool_use"


def test_images_reach_the_vendor(client: Any, upstream: MockServer) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "echo: seen"}]
    reply = client.messages.create(model="openai", max_tokens=9, messages=say(content))
    assert reply.content[0].text == "seen"
    assert PIXEL in json.dumps(upstream.requests[-1].json)


def test_structured_output(client: Any) -> None:
    output = {"format": {"type": "json_schema", "schema": SCHEMA}}
    reply = client.messages.create(
        model="openai", max_tokens=99, messages=say("Paris?"), extra_body={"output_config": output}
    )
    assert "city" in json.loads(reply.content[0].text)


def test_tokens_are_counted(client: Any, upstream: MockServer) -> None:
    few = client.messages.count_tokens(model="openai", messages=say("Hi"))
    many = client.messages.count_tokens(model="openai", messages=say("Hi " * 100), system="Be brief.", tools=TOOLS)
    assert 0 < few.input_tokens < many.input_tokens


def test_models(client: Any) -> None:
    names = [model.id for model in client.models.list()]
    assert {"openai", "claude", "best"} <= set(names)
    assert client.models.retrieve("openai").id == "openai"


ERRORS = [
    ("nobody", "NotFoundError", "not_found_error"),
    ("busy", "RateLimitError", "rate_limit_error"),
    ("long", "BadRequestError", "invalid_request_error"),
    ("filtered", "BadRequestError", "invalid_request_error"),
    ("broken", "InternalServerError", "api_error"),
    ("denied", "AuthenticationError", "authentication_error"),
    ("late", "InternalServerError", "timeout_error"),
    ("vectors", "BadRequestError", "invalid_request_error"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("model", "name", "kind"), ERRORS)
def test_errors_are_the_classes_of_the_sdk(client: Any, model: str, name: str, kind: str, stream: bool) -> None:
    with pytest.raises(getattr(anthropic, name)) as told:
        client.messages.create(model=model, max_tokens=9, messages=say("Hi"), stream=stream)
    assert told.value.body["type"] == "error" and told.value.body["error"]["type"] == kind
    assert "sk-of-the-vendor" not in str(told.value) and "127.0.0.1" not in str(told.value)


def test_a_stream_that_breaks_ends_with_an_error(client: Any) -> None:
    pieces = []
    with (
        pytest.raises(anthropic.APIStatusError),
        client.messages.stream(model="torn", max_tokens=99, messages=say("count: 50")) as stream,
    ):
        pieces.extend(stream.text_stream)
    assert "".join(pieces).startswith("1 2 3") or not pieces


@pytest.mark.parametrize(
    "options",
    [
        {"max_tokens": "many"},
        {"system": 5},
        {"messages": say([{"type": "poem"}])},
        {"messages": say([{"type": "image", "source": {"type": "url", "url": "file:///etc/passwd"}}])},
        {"tools": [{"name": 5}]},
        {"tool_choice": "auto"},
        {"api_key": "x"},
        {"timeout": 5},
    ],
    ids=str,
)
def test_wrong_requests(client: Any, options: dict[str, Any]) -> None:
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(model="openai", max_tokens=9, messages=say("Hi"), extra_body=options)


def test_async_clients(gateway: Running) -> None:
    async def ask() -> list[str]:
        async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key="any", max_retries=0) as client:

            async def one(number: int) -> str:
                messages = say(f"echo: number {number}")
                async with client.messages.stream(model="openai", max_tokens=9, messages=messages) as stream:
                    return "".join([text async for text in stream.text_stream])

            return await asyncio.gather(*(one(number) for number in range(16)))

    assert asyncio.run(ask()) == [f"number {number}" for number in range(16)]
