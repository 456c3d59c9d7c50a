"""What is said in calls is in their spans only where a variable asks for it, in the conventions' form, without keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from modelhub import ModelRegistry, ModelWrapperBase
from modelhub.telemetry.otel import build_observer
from modelhub.testing import Replay

from .traces import Traces, find_traces, told

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
KEY = "key-of-the-config-91"
CALLED = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
CHAT = [
    {"role": "system", "content": f"Be short. {KEY}"},
    {
        "role": "user",
        "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PIXEL}}],
    },
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]},
    {"role": "assistant", "content": None, "tool_calls": [CALLED]},
    {"role": "tool", "tool_call_id": "t1", "content": "blue"},
]
TOOL = {"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}}
SAID = {
    "reasoning_content": "The sky ...",
    "content": f"It is blue, {KEY}.",
    "tool_calls": [CALLED],
}
ANSWER = {"status": 200, "body": json.dumps({"choices": [{"message": SAID, "finish_reason": "tool_calls"}]})}
CLAUDE = {
    "status": 200,
    "body": '{"id": "m1", "content": [{"type": "text", "text": "Blue."}], "stop_reason": "end_turn", "usage": {}}',
}
# What the conventions require of each kind of part; parts of other kinds need a type alone.
REQUIRED = {
    "text": ["content"],
    "reasoning": ["content"],
    "tool_call": ["name"],
    "tool_call_response": ["response"],
    "blob": ["modality", "content"],
    "uri": ["modality", "uri"],
    "file": ["modality", "file_id"],
}
PART: dict[str, Any] = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"type": "string"}},
    "allOf": [
        {"if": {"properties": {"type": {"const": kind}}}, "then": {"required": names}}
        for kind, names in REQUIRED.items()
    ],
}
MESSAGES = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["role", "parts"],
        "properties": {"role": {"type": "string"}, "parts": {"type": "array", "items": PART}},
    },
}
TOOLS = {"type": "array", "items": {"type": "object", "required": ["type", "name"]}}
SCHEMAS: dict[str, Any] = {
    "gen_ai.input.messages": MESSAGES,
    "gen_ai.output.messages": MESSAGES,
    "gen_ai.system_instructions": {"type": "array", "items": PART},
    "gen_ai.tool.definitions": TOOLS,
}


@pytest.fixture
def traces() -> Traces:
    traces = find_traces()
    traces.clear()
    return traces


def find_content(traces: Traces, config: dict[str, Any], exchange: Any, *args: Any, **options: Any) -> dict[str, Any]:
    """The content in the span of one call, valid as the conventions have it."""
    config = {"config_name": "m", "model_name": "m", "api_key": KEY, **config}
    with ModelRegistry(config, observers=[build_observer()]) as hub:
        model = hub.get_model("m")
        model.drivers = Replay([exchange])
        model(*args, **options)
    (span,) = traces.spans()
    assert KEY not in json.dumps(dict(told(span)))
    found = {name: json.loads(told(span)[name]) for name in SCHEMAS if name in told(span)}
    for name, value in found.items():
        Draft202012Validator(SCHEMAS[name]).validate(value)
    return found


@pytest.mark.parametrize("value", ["", "false", "1"])
def test_nothing_that_was_said_unless_it_is_asked_for(
    traces: Traces, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    assert find_content(traces, {"model_type": "openai_chat"}, ANSWER, CHAT, tools=[TOOL]) == {}
    (span,) = traces.spans()
    written = json.dumps([dict(told(span)), [dict(event.attributes or {}) for event in span.events]])
    assert not any(word in written for word in ("What?", "blue", "Be short", "Looks", "sky"))


def test_a_chat(traces: Traces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "true")
    call = {"type": "tool_call", "id": "t1", "name": "look", "arguments": {"at": "sky"}}
    found = find_content(traces, {"model_type": "openai_chat"}, ANSWER, CHAT, tools=[TOOL])
    assert found == {
        "gen_ai.input.messages": [
            {"role": "system", "parts": [{"type": "text", "content": "Be short. ***"}]},
            {
                "role": "user",
                "parts": [
                    {"type": "text", "content": "What?"},
                    {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw0KGgo="},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"type": "uri", "modality": "image", "mime_type": None, "uri": "https://example.org/a.png"},
                ],
            },
            {"role": "assistant", "parts": [call]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "t1", "response": "blue"}]},
        ],
        "gen_ai.output.messages": [
            {
                "role": "assistant",
                "parts": [
                    {"type": "reasoning", "content": "The sky ..."},
                    {"type": "text", "content": "It is blue, ***."},
                    call,
                ],
                "finish_reason": "tool_call",
            }
        ],
        "gen_ai.tool.definitions": [
            {"type": "function", "name": "look", "description": "Looks.", "parameters": {"type": "object"}}
        ],
    }


def test_instructions_that_a_vendor_takes_apart(traces: Traces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "true")
    chat = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "What?"}]
    found = find_content(traces, {"model_type": "anthropic_chat"}, CLAUDE, chat)
    assert found["gen_ai.system_instructions"] == [{"type": "text", "content": "Be short."}]
    assert [message["role"] for message in found["gen_ai.input.messages"]] == ["user"]


def test_images_and_vectors(traces: Traces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "true")
    drawn = {"status": 200, "body": '{"data": [{"url": "https://example.org/cat.png"}]}'}
    found = find_content(traces, {"model_type": "openai_dall_e"}, drawn, "a cat")
    assert found["gen_ai.input.messages"] == [{"role": "user", "parts": [{"type": "text", "content": "a cat"}]}]
    assert found["gen_ai.output.messages"][0]["parts"][0]["uri"] == "https://example.org/cat.png"
    traces.clear()
    vectors = {"status": 200, "body": '{"data": [{"embedding": [0.5], "index": 0}]}'}
    assert find_content(traces, {"model_type": "openai_embedding"}, vectors, "a cat") == {}


class Echo(ModelWrapperBase):
    model_type = "echo"

    def __call__(self, messages: Any, **options: Any) -> str:
        return "".join(message if isinstance(message, str) else "?" for message in messages)


@pytest.mark.parametrize(
    ("asked", "inputs"),
    [("Hi", [["Hi"]]), (["a", "b"], [["a"], ["b"]]), ([object()], None), (iter("ab"), None)],
    ids=["text", "texts", "no messages", "read once"],
)
def test_plain_python_may_be_asked_anything(
    traces: Traces, asked: Any, inputs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "TRUE")
    with ModelRegistry(
        {"config_name": "e", "model_type": "echo"}, observers=[build_observer()], wrappers=[Echo]
    ) as hub:
        answer = hub.get_model("e")(asked).text
    attributes = told(traces.span("chat e"))
    told_messages = json.loads(attributes.get("gen_ai.input.messages", "null"))
    assert (told_messages and [[part["content"] for part in m["parts"]] for m in told_messages]) == inputs
    assert json.loads(attributes["gen_ai.output.messages"])[0]["parts"] == [{"type": "text", "content": answer}]
