"""The official SDK of OpenAI as a client of the gateway."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub.testing import MockServer

from .running import Running

openai = pytest.importorskip("openai")

CHATS = ["openai", "claude", "gemini", "qwen", "local", "best"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]


def say(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def client(gateway: Running) -> Iterator[Any]:
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("model", CHATS)
def test_a_chat(client: Any, model: str) -> None:
    reply = client.chat.completions.create(model=model, messages=say("echo: Hello, world"), temperature=0.5)
    assert reply.choices[0].message.content == "Hello, world"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.object == "chat.completion" and reply.id.startswith("chatcmpl-")
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


@pytest.mark.parametrize("model", CHATS)
def test_a_stream(client: Any, model: str) -> None:
    chunks = list(
        client.chat.completions.create(
            model=model, messages=say("count: 30"), stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == " ".join(map(str, range(1, 31)))
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_without_usage_tells_none(client: Any) -> None:
    chunks = list(client.chat.completions.create(model="openai", messages=say("echo: a b"), stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


@pytest.mark.parametrize("model", CHATS)
def test_tools_there_and_back(client: Any, model: str) -> None:
    messages = say("What is the weather in Paris?")
    reply = client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    (call,) = reply.choices[0].message.tool_calls
    assert reply.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "get_weather" and "city" in json.loads(call.function.arguments)
    messages += [
        reply.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    reply = client.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    assert reply.choices[0].message.content == "The tool says: sunny"


def test_streamed_tool_calls_come_whole(client: Any) -> None:
    with client.chat.completions.stream(
        model="claude", messages=say("What is the weather in Paris?"), tools=TOOLS
    ) as stream:
        reply = stream.get_final_completion()
    (call,) = reply.choices[0].message.tool_calls
    assert "city" in json.loads(call.function.arguments) and call.id
    assert reply.choices[0].finish_reason == "tool_calls"


def test_images_reach_the_vendor(client: Any, upstream: MockServer) -> None:
    url = f"data:image/png;base64,{PIXEL}"
    content = [{"type": "text", "text": "echo: seen"}, {"type": "image_url", "image_url": {"url": url}}]
    reply = client.chat.completions.create(model="claude", messages=[{"role": "user", "content": content}])
    assert reply.choices[0].message.content == "seen"
    assert PIXEL in json.dumps(upstream.requests[-1].json)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "http://127.0.0.1:1/a.png", "http://[::1]/a"])
def test_files_and_inner_addresses_are_not_images(client: Any, url: str, upstream: MockServer) -> None:
    before = len(upstream.requests)
    content = [{"type": "image_url", "image_url": {"url": url}}]
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="claude", messages=[{"role": "user", "content": content}])
    assert len(upstream.requests) == before


def test_a_parsed_answer(client: Any) -> None:
    pydantic = pytest.importorskip("pydantic")
    schema = pydantic.create_model("Weather", city=(str, ...), degrees=(int, ...))
    reply = client.chat.completions.parse(model="openai", messages=say("Paris?"), response_format=schema)
    assert isinstance(reply.choices[0].message.parsed, schema)


def test_embeddings(client: Any) -> None:
    packed = client.embeddings.create(model="vectors", input=["red", "green"])  # base64, as the SDK asks by itself
    plain = client.embeddings.create(model="vectors", input=["red", "green"], encoding_format="float")
    assert [one.index for one in packed.data] == [0, 1]
    for one, other in zip(packed.data, plain.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6) and len(one.embedding) > 1
    assert packed.usage.prompt_tokens > 0


def test_images(client: Any) -> None:
    reply = client.images.generate(model="painter", prompt="a cat", n=1)
    assert reply.data[0].url.startswith("http")
    reply = client.images.generate(model="painter", prompt="a cat", response_format="b64_json")
    assert base64.b64decode(reply.data[0].b64_json)


def test_models(client: Any) -> None:
    names = [model.id for model in client.models.list()]
    assert {"openai", "claude", "best", "vectors"} <= set(names)
    assert client.models.retrieve("claude").id == "claude"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


def test_responses(client: Any) -> None:
    reply = client.responses.create(model="claude", input="echo: Hello", instructions="Be brief.", store=False)
    assert (reply.output_text, reply.status) == ("Hello", "completed")
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens


def test_streamed_responses(client: Any) -> None:
    with client.responses.stream(model="claude", input="count: 5") as stream:
        events = list(stream)
        reply = stream.get_final_response()
    assert [event.type for event in events][:2] == ["response.created", "response.in_progress"]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "1 2 3 4 5"
    assert reply.output_text == "1 2 3 4 5"
    numbers = [event.sequence_number for event in events]
    assert numbers == sorted(numbers)


def test_tools_of_responses_there_and_back(client: Any) -> None:
    tools = [{"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": False}]
    reply = client.responses.create(model="openai", input="What is the weather in Paris?", tools=tools)
    (call,) = [item for item in reply.output if item.type == "function_call"]
    items = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments},
        {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"},
    ]
    assert client.responses.create(model="openai", input=items, tools=tools).output_text == "The tool says: sunny"


def test_responses_that_need_what_is_kept_are_refused(client: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model="openai", input="Hi", previous_response_id="resp_1")


ERRORS = [
    ("nobody", "NotFoundError", "model_not_found"),
    ("busy", "RateLimitError", "rate_limit_exceeded"),
    ("long", "BadRequestError", "context_length_exceeded"),
    ("filtered", "BadRequestError", "content_filter"),
    ("broken", "InternalServerError", None),
    ("denied", "AuthenticationError", "invalid_api_key"),
    ("late", "InternalServerError", None),
    ("vectors", "BadRequestError", None),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("model", "name", "code"), ERRORS)
def test_errors_are_the_classes_of_the_sdk(client: Any, model: str, name: str, code: str | None, stream: bool) -> None:
    with pytest.raises(getattr(openai, name)) as told:
        client.chat.completions.create(model=model, messages=say("Hi"), stream=stream)
    assert told.value.code == code
    assert "sk-of-the-vendor" not in str(told.value) and "127.0.0.1" not in str(told.value)
    if model == "busy":
        assert told.value.response.headers["Retry-After"] == "7"


def test_a_stream_that_breaks_ends_with_an_error(client: Any) -> None:
    pieces = []
    with pytest.raises(openai.APIError):
        for chunk in client.chat.completions.create(model="torn", messages=say("count: 50"), stream=True):
            pieces.append(chunk.choices[0].delta.content or "")
    assert "".join(pieces).startswith("1 2 3")


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": "hot"},
        {"tools": 5},
        {"messages": "Hi"},
        {"messages": [{"role": "nobody", "content": "x"}]},
        {"n": 2},
        {"timeout_s": 3, "stop": 5},
    ],
    ids=str,
)
def test_wrong_requests(client: Any, options: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="openai", messages=say("Hi"), extra_body=options)


@pytest.mark.parametrize("name", ["api_key", "base_url", "timeout", "headers", "cache", "retry", "parse_func", "tags"])
def test_what_steers_modelhub_is_refused(client: Any, name: str, upstream: MockServer) -> None:
    before = len(upstream.requests)
    with pytest.raises(openai.BadRequestError, match=name):
        client.chat.completions.create(model="openai", messages=say("Hi"), extra_body={name: "x"})
    assert len(upstream.requests) == before


def test_async_clients(gateway: Running) -> None:
    async def ask() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:

            async def one(number: int) -> str:
                stream = await client.chat.completions.create(
                    model="openai", messages=say(f"echo: number {number}"), stream=True
                )
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            return await asyncio.gather(*(one(number) for number in range(16)))

    assert asyncio.run(ask()) == [f"number {number}" for number in range(16)]


def test_a_caller_that_leaves_cancels_the_call(gateway: Running, upstream: MockServer) -> None:
    async def leave() -> None:
        async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:
            stream = await client.chat.completions.create(model="slow", messages=say("count: 5000"), stream=True)
            async for _ in stream:
                break
            await stream.close()
            whole = asyncio.ensure_future(client.chat.completions.create(model="silent", messages=say("Hi")))
            while not upstream.counts.models.get("silent"):
                await asyncio.sleep(0.01)
            whole.cancel()
            await asyncio.wait([whole])

    asyncio.run(leave())
    assert upstream.wait_until(lambda: upstream.in_flight == 0, 5)
    assert upstream.counts.models["slow"].outcomes.get("left") == 1
