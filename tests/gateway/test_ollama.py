"""The official library of Ollama as a client of the gateway."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from modelhub.testing import MockServer

from .running import Running

ollama = pytest.importorskip("ollama")

CHATS = ["local", "openai", "claude", "gemini", "qwen", "best"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]


def say(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text, **more}]


@pytest.fixture(scope="module")
def client(gateway: Running) -> Any:
    return ollama.Client(host=gateway.url)


@pytest.mark.parametrize("model", CHATS)
def test_a_chat(client: Any, model: str) -> None:
    reply = client.chat(model=model, messages=say("echo: Hello, world"), options={"temperature": 0.5})
    assert (reply.message.content, reply.message.role, reply.done) == ("Hello, world", "assistant", True)
    assert (reply.model, reply.done_reason) == (model, "stop")
    assert reply.eval_count > 0 and reply.total_duration > 0


@pytest.mark.parametrize("model", CHATS)
def test_a_stream(client: Any, model: str) -> None:
    pieces = list(client.chat(model=model, messages=say("count: 30"), stream=True))
    assert "".join(piece.message.content or "" for piece in pieces) == " ".join(map(str, range(1, 31)))
    assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert pieces[-1].eval_count > 0


@pytest.mark.parametrize("model", CHATS)
def test_tools_there_and_back(client: Any, model: str) -> None:
    messages = say("What is the weather in Paris?")
    reply = client.chat(model=model, messages=messages, tools=TOOLS)
    (call,) = reply.message.tool_calls
    assert call.function.name == "get_weather" and "city" in call.function.arguments
    messages += [reply.message, {"role": "tool", "content": "sunny", "tool_name": "get_weather"}]
    assert client.chat(model=model, messages=messages, tools=TOOLS).message.content == "The tool says: sunny"


def test_images_reach_the_vendor(client: Any, upstream: MockServer) -> None:
    reply = client.chat(model="openai", messages=say("echo: seen", images=[PIXEL]))
    assert reply.message.content == "seen"
    assert PIXEL in json.dumps(upstream.requests[-1].json)


def test_structured_output(client: Any) -> None:
    reply = client.chat(model="openai", messages=say("Paris?"), format=PARAMETERS)
    assert "city" in json.loads(reply.message.content)


def test_an_answer_that_is_cut_short(client: Any) -> None:
    reply = client.chat(model="openai", messages=say("count: 10"), options={"num_predict": 3})
    assert (reply.done_reason, reply.message.content) == ("length", "1 2 3")


def test_generating(client: Any) -> None:
    reply = client.generate(model="openai", prompt="echo: Hello", system="Be brief.")
    assert (reply.response, reply.done) == ("Hello", True)
    pieces = list(client.generate(model="openai", prompt="count: 5", stream=True))
    assert "".join(piece.response for piece in pieces) == "1 2 3 4 5"


def test_embedding(client: Any) -> None:
    reply = client.embed(model="vectors", input=["red", "green"])
    assert len(reply.embeddings) == 2 and len(reply.embeddings[0]) > 1


def test_models(client: Any) -> None:
    assert {"openai", "claude", "best"} <= {model.model for model in client.list().models}
    assert "completion" in client.show("openai").capabilities


@pytest.mark.parametrize(
    ("model", "status"),
    [
        ("nobody", 404),
        ("busy", 429),
        ("long", 400),
        ("filtered", 400),
        ("broken", 500),
        ("late", 504),
        ("vectors", 400),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_errors(client: Any, model: str, status: int, stream: bool) -> None:
    with pytest.raises(ollama.ResponseError) as told:
        list(client.chat(model=model, messages=say("Hi"), stream=stream))
    assert told.value.status_code == status and told.value.error
    assert "sk-of-the-vendor" not in str(told.value) and "127.0.0.1" not in str(told.value)


def test_a_stream_that_breaks_ends_with_an_error(client: Any) -> None:
    pieces = []
    with pytest.raises(ollama.ResponseError):
        for piece in client.chat(model="torn", messages=say("count: 50"), stream=True):
            pieces.append(piece.message.content or "")
    assert "".join(pieces).startswith("1 2 3")


def test_async_clients(gateway: Running) -> None:
    async def ask() -> list[str]:
        client = ollama.AsyncClient(host=gateway.url)

        async def one(number: int) -> str:
            pieces = await client.chat(model="openai", messages=say(f"echo: number {number}"), stream=True)
            return "".join([piece.message.content or "" async for piece in pieces])

        texts = await asyncio.gather(*(one(number) for number in range(16)))
        await client._client.aclose()
        return texts

    assert asyncio.run(ask()) == [f"number {number}" for number in range(16)]
