"""A response becomes the next message, and a tool's output the one after it, for every vendor."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelResponse, ToolCall
from modelhub.errors import StreamInterruptedError
from modelhub.server.mock.point import point_at
from modelhub.testing import MockServer

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
QUESTION = {"role": "user", "content": "The weather in Zürich and Paris?"}
CITIES = {"call_a": "Zürich", "call_b": "Paris"}
OUTPUTS = {"Zürich": {"sky": "cloudy", "degrees": 7}, "Paris": "sunny"}
CALLS = [{"id": id, "name": "get_weather", "arguments": {"city": city}} for id, city in CITIES.items()]

OPENAI_MESSAGES = [
    QUESTION,
    {
        "role": "assistant",
        "content": "Let me look.",
        "reasoning_content": "Two cities.",
        "tool_calls": [
            {"id": id, "type": "function", "function": {"name": "get_weather", "arguments": f'{{"city": "{city}"}}'}}
            for id, city in CITIES.items()
        ],
    },
    {"role": "tool", "tool_call_id": "call_a", "content": '{"sky": "cloudy", "degrees": 7}'},
    {"role": "tool", "tool_call_id": "call_b", "content": "sunny"},
]
# What the second request of a conversation holds on the wire.
WIRE: dict[str, Any] = {
    "openai_chat": {"messages": OPENAI_MESSAGES},
    "yi_chat": {"messages": OPENAI_MESSAGES},
    "zhipuai_chat": {"messages": OPENAI_MESSAGES},
    "litellm_chat": {"messages": OPENAI_MESSAGES},
    "post_api_chat": {"messages": OPENAI_MESSAGES},
    "dashscope_chat": {"input": {"messages": OPENAI_MESSAGES}},
    "ollama_chat": {
        "messages": [
            QUESTION,
            {
                "role": "assistant",
                "content": "Let me look.",
                "thinking": "Two cities.",
                "tool_calls": [
                    {"function": {"name": "get_weather", "arguments": {"city": city}}} for city in CITIES.values()
                ],
            },
            {"role": "tool", "tool_name": "get_weather", "content": '{"sky": "cloudy", "degrees": 7}'},
            {"role": "tool", "tool_name": "get_weather", "content": "sunny"},
        ]
    },
    "anthropic_chat": {
        "messages": [
            QUESTION,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Two cities.", "signature": "bW9jaw=="},
                    {"type": "text", "text": "Let me look."},
                    *(
                        {"type": "tool_use", "id": id, "name": "get_weather", "input": {"city": city}}
                        for id, city in CITIES.items()
                    ),
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "call_a",
                        "content": '{"sky": "cloudy", "degrees": 7}',
                    },
                    {"type": "tool_result", "tool_use_id": "call_b", "content": "sunny"},
                ],
            },
        ]
    },
    "gemini_chat": {
        "contents": [
            {"role": "user", "parts": [{"text": QUESTION["content"]}]},
            {
                "role": "model",
                "parts": [
                    {"text": "Two cities.", "thought": True},
                    {"text": "Let me look."},
                    {
                        "functionCall": {"id": "A", "name": "get_weather", "args": {"city": "Zürich"}},
                        "thoughtSignature": "bW9jaw==",
                    },
                    {"functionCall": {"id": "B", "name": "get_weather", "args": {"city": "Paris"}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "id": "A",
                            "name": "get_weather",
                            "response": {"sky": "cloudy", "degrees": 7},
                        }
                    },
                    {"functionResponse": {"id": "B", "name": "get_weather", "response": {"result": "sunny"}}},
                ],
            },
        ]
    },
}


@pytest.fixture(params=WIRE)
def model(request: pytest.FixtureRequest, server: MockServer) -> Iterator[Any]:
    config = point_at({"config_name": "m", "model_name": "m", "model_type": request.param}, server.url)
    if request.param == "post_api_chat":
        config["api_url"] = f"{server.url}/v1/chat/completions"
        config["json_args"] = {"model": config.pop("model_name")}
    with ModelRegistry(config) as hub:
        yield hub.get_model("m")


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_loop_in_two_lines(model: Any, server: MockServer, caller: Any, stream: bool) -> None:
    server.reply({"text": "Let me look.", "reasoning": "Two cities.", "tool_calls": CALLS}, "Cloudy and sunny.")
    if stream:
        _, reply = caller.deltas(model, [QUESTION], tools=[TOOL])
    else:
        reply = caller.call(model, [QUESTION], tools=[TOOL])
    messages = [QUESTION, reply.to_message()]
    messages += [call.to_result(OUTPUTS[call.arguments["city"]]) for call in reply.tool_calls]
    assert caller.call(model, messages, tools=[TOOL]).text == "Cloudy and sunny."
    sent = server.requests[1].json
    if model.model_type == "gemini_chat":  # whose mock gives no ids, so that ours are made up
        ids = [call.id for call in reply.tool_calls]
        assert len(set(ids)) == 2
        sent = json.loads(json.dumps(sent).replace(ids[0], "A").replace(ids[1], "B"))
    expected = WIRE[model.model_type]
    assert {key: sent[key] for key in expected} == expected


@pytest.mark.parametrize("after", ["openai_chat", "ollama_chat", "gemini_chat", "dashscope_chat"])
def test_a_conversation_moves_to_another_vendor(server: MockServer, after: str) -> None:
    """What Claude's and Gemini's calls carry for their own vendor stays out of everyone else's requests."""
    types = ["anthropic_chat", "gemini_chat", after]
    configs = [
        point_at({"config_name": t, "model_name": "m", "model_type": t}, server.url) for t in dict.fromkeys(types)
    ]
    messages: list[Any] = [QUESTION]
    with ModelRegistry(configs) as hub:
        for name in types:
            server.reply({"reasoning": "Two cities.", "tool_calls": CALLS})
            reply = hub.get_model(name)(messages, tools=[TOOL])
            messages += [reply.to_message(), *(call.to_result("sunny") for call in reply.tool_calls)]
    last = server.requests[-1].bytes
    assert b"thinking" not in last
    assert (b"bW9jaw==" in last) == (after == "gemini_chat")


@pytest.mark.parametrize("stream", [False, True])
def test_words_alone(model: Any, server: MockServer, caller: Any, stream: bool) -> None:
    server.reply("Hello!")
    reply = caller.deltas(model, "Hi")[1] if stream else caller.call(model, "Hi")
    assert reply.to_message() == {"role": "assistant", "content": "Hello!"}
    messages = [{"role": "user", "content": "Hi"}, reply.to_message(), {"role": "user", "content": "echo: bye"}]
    assert caller.call(model, messages).text == "bye"


def test_a_message_of_calls_alone_has_no_text() -> None:
    call = ToolCall("call_1", "look", {"where": "東京"})
    assert ModelResponse(text="", tool_calls=[call]).to_message() == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"where": "東京"}'}}
        ],
    }
    assert ModelResponse().to_message() == {"role": "assistant", "content": ""}


@pytest.mark.parametrize(
    ("output", "content"),
    [
        ("as it is", "as it is"),
        ("", ""),
        (None, "null"),
        (21.5, "21.5"),
        ({"ö": [1, True]}, '{"ö": [1, true]}'),
        ({1}, '"{1}"'),
        (ValueError("no such city"), "Error: ValueError: no such city"),
    ],
)
def test_outputs_of_tools(output: Any, content: str) -> None:
    result = ToolCall("call_1", "look", {}).to_result(output)
    assert result == {"role": "tool", "tool_call_id": "call_1", "content": content}


def test_a_stream_that_was_closed_is_what_had_arrived(hub: ModelRegistry) -> None:
    reply = hub.get_model("openai")("count: 200", stream=True)
    for delta in reply:
        if delta.text and "3" in delta.text:
            break
    reply.close()
    content = reply.to_message()["content"]
    assert content.startswith("1 2 3") and "200" not in content


def test_a_stream_that_broke_is_what_had_arrived(hub: ModelRegistry, server: MockServer) -> None:
    server.script("cut")
    with pytest.raises(StreamInterruptedError) as caught:
        list(hub.get_model("openai")("count: 200", stream=True))
    message = caught.value.partial.to_message()  # type: ignore[union-attr]
    assert message["content"].startswith("1 ") and "200" not in message["content"]


def test_an_async_stream_must_have_arrived(hub: ModelRegistry) -> None:
    async def ask_too_early() -> dict[str, Any]:
        reply = await hub.get_model("openai").acall("echo: hi", stream=True)
        with pytest.raises(RuntimeError, match="still arriving"):
            reply.to_message()
        return (await reply.complete()).to_message()

    assert asyncio.run(ask_too_early())["content"] == "hi"
