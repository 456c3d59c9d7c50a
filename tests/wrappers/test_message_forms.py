"""The forms of an answer in OpenAI's shape: a stream tells no less than the whole reply, however it is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import ModelRegistry, errors
from modelhub.testing import Replay

PIXEL = "data:image/png;base64,iVBORw0KGgo="
CALL = {"name": "find_tide", "arguments": '{"port": "Calais"}'}
READ_CALL = [("find_tide", {"port": "Calais"})]
# A message, and what must be read of it; fields that are not named are empty.
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": ({"content": "At nine."}, {"text": "At nine."}),
    "text and nulls": ({"content": "At nine.", "tool_calls": None, "refusal": None}, {"text": "At nine."}),
    "parts": ({"content": [{"type": "text", "text": "At "}, {"type": "text", "text": "nine."}]}, {"text": "At nine."}),
    "one part": ({"content": {"type": "text", "text": "At nine."}}, {"text": "At nine."}),
    "texts": ({"content": ["At ", "nine."]}, {"text": "At nine."}),
    "output text": ({"content": [{"type": "output_text", "text": "At nine."}]}, {"text": "At nine."}),
    "a number": ({"content": 9}, {"text": "9"}),
    "reasoning": (
        {"content": "At nine.", "reasoning_content": "Twice a day."},
        {"text": "At nine.", "reasoning": "Twice a day."},
    ),
    "thinking parts": (
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Twice a day."}]},
                {"type": "text", "text": "At nine."},
            ]
        },
        {"text": "At nine.", "reasoning": "Twice a day."},
    ),
    "refusal": ({"content": None, "refusal": "I will not."}, {"refusal": "I will not."}),
    "refusal part": ({"content": [{"type": "refusal", "refusal": "I will not."}]}, {"refusal": "I will not."}),
    "images": (
        {"content": "Here.", "images": [{"type": "image_url", "image_url": {"url": PIXEL}}]},
        {"text": "Here.", "image_urls": [PIXEL]},
    ),
    "images as texts": ({"content": "Here.", "images": [PIXEL]}, {"text": "Here.", "image_urls": [PIXEL]}),
    "image part": (
        {"content": [{"type": "text", "text": "Here."}, {"type": "image_url", "image_url": PIXEL}]},
        {"text": "Here.", "image_urls": [PIXEL]},
    ),
    "image in base64": ({"content": "", "images": [{"b64_json": "iVBORw0KGgo="}]}, {"image_urls": [PIXEL]}),
    "no image": ({"content": "None.", "images": [{"image_url": {"url": ""}}, None]}, {"text": "None."}),
    "call": ({"content": None, "tool_calls": [{"index": 0, "id": "1", "function": CALL}]}, {"calls": READ_CALL}),
    "call without index": ({"content": None, "tool_calls": [{"id": "1", "function": CALL}]}, {"calls": READ_CALL}),
    "one call, no list": ({"content": None, "tool_calls": {"id": "1", "function": CALL}}, {"calls": READ_CALL}),
    "two calls of one index": (
        {"content": None, "tool_calls": [{"index": 0, "id": n, "function": CALL} for n in "12"]},
        {"calls": READ_CALL * 2},
    ),
    "two calls without ids": (
        {"content": None, "tool_calls": [{"index": 0, "function": CALL}, {"index": 0, "function": CALL}]},
        {"calls": READ_CALL * 2},
    ),
    "function call": ({"content": None, "function_call": CALL}, {"calls": READ_CALL}),
    "custom tool": (
        {"content": None, "tool_calls": [{"index": 0, "id": "1", "custom": {"name": "run", "input": 'print("a")\n'}}]},
        {"calls": [("run", {"input": 'print("a")\n'})]},
    ),
    "arguments as an object": (
        {
            "content": None,
            "tool_calls": [{"index": 0, "id": "1", "function": {**CALL, "arguments": {"port": "Calais"}}}],
        },
        {"calls": READ_CALL},
    ),
    "arguments in quotes": (
        {
            "content": None,
            "tool_calls": [{"index": 0, "id": "1", "function": {**CALL, "arguments": json.dumps(CALL["arguments"])}}],
        },
        {"calls": READ_CALL},
    ),
    "no arguments": (
        {"content": None, "tool_calls": [{"index": 0, "id": "1", "function": {"name": "now", "arguments": ""}}]},
        {"calls": [("now", {})]},
    ),
    "a call of nothing": (
        {"content": "Hi", "tool_calls": [{"index": 0, "id": "", "function": {"name": "", "arguments": ""}}, None]},
        {"text": "Hi"},
    ),
}
MODEL_TYPES = ("openai_chat", "zhipuai_chat", "litellm_chat", "post_api_chat")


def build(model_type: str, reply: dict[str, Any]) -> Any:
    at = {"client_args": {"base_url": "http://recorded"}, "model_name": "m"}
    if model_type == "post_api_chat":
        at = {"api_url": "http://recorded/chat"}
    model = ModelRegistry({"config_name": "f", "model_type": model_type, "api_key": "k.1", **at}).get_model("f")
    model.drivers = Replay([{"status": 200, "headers": {}, **reply}])
    return model


def read(response: Any) -> dict[str, Any]:
    names = ("text", "reasoning", "refusal", "image_urls")
    told = {name: getattr(response, name) for name in names if getattr(response, name)}
    calls = [(call.name, call.arguments) for call in response.tool_calls or ()]
    return {**told, **({"calls": calls} if calls else {})}


def frame(delta: dict[str, Any], reason: str | None = None) -> str:
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': reason}]})}\n\n"


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("name", FORMS)
def test_whole(name: str, model_type: str) -> None:
    message, expected = FORMS[name]
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    assert read(build(model_type, {"body": json.dumps(body)})("hello")) == expected


@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("name", FORMS)
def test_as_one_delta(name: str, model_type: str, caller: Any) -> None:
    message, expected = FORMS[name]
    chunks = [frame({"role": "assistant"}), frame(message), frame({}, "stop"), "data: [DONE]\n\n"]
    deltas, response = caller.deltas(build(model_type, {"chunks": chunks}), "hello")
    assert read(response) == expected
    assert "".join(delta.text or "" for delta in deltas) == response.text


def cut_message(message: dict[str, Any], at: int) -> list[dict[str, Any]]:
    """The deltas of a message whose texts come in two pieces."""
    if isinstance(message.get("content"), str) and at < len(message["content"]):
        return [{**message, "content": message["content"][:at]}, {"content": message["content"][at:]}]
    call = message.get("function_call")
    if call:
        rest = {"arguments": call["arguments"][at:]}
        return [{"function_call": {**call, "arguments": call["arguments"][:at]}}, {"function_call": rest}]
    calls = message.get("tool_calls")
    if isinstance(calls, list) and len(calls) == 1 and "index" in (calls[0] or ()):
        kind = "custom" if "custom" in calls[0] else "function"
        field = "input" if kind == "custom" else "arguments"
        text = calls[0][kind][field]
        if isinstance(text, str):
            first = {**calls[0], kind: {**calls[0][kind], field: text[:at]}}
            return [{"tool_calls": [first]}, {"tool_calls": [{"index": 0, kind: {field: text[at:]}}]}]
    return [message]


@given(name=st.sampled_from(sorted(FORMS)), at=st.integers(0, 40), size=st.integers(1, 60))
def test_in_pieces(name: str, at: int, size: int) -> None:
    """However the message is cut into deltas and the deltas into packets, the answer is the same."""
    message, expected = FORMS[name]
    text = "".join([*map(frame, cut_message(message, at)), frame({}, "stop"), "data: [DONE]\n\n"])
    chunks = [text[n : n + size] for n in range(0, len(text), size)]
    response = build("openai_chat", {"chunks": chunks})("hello", stream=True)
    list(response)
    assert read(response) == expected


BAD = {
    "no JSON": ({"name": "f", "arguments": "{oops"}, "'f' are not JSON: '{oops'"),
    "no object": ({"name": "f", "arguments": "[1]"}, "'f' are not a JSON object"),
    "no name": ({"arguments": '{"a": 1}'}, "a tool call has no name"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reason", ["tool_calls", "length"])
@pytest.mark.parametrize("name", BAD)
def test_a_malformed_call_loses_only_itself(name: str, reason: str, stream: bool, caller: Any) -> None:
    function, words = BAD[name]
    calls = [{"index": 0, "id": "1", "function": CALL}, {"index": 1, "id": "2", "function": function}]
    message = {"content": "Looking.", "reasoning_content": "Hm.", "tool_calls": calls}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage}
    model = build("openai_chat", {"body": json.dumps(body)})
    if stream:
        last = f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"
        model = build("openai_chat", {"chunks": [frame(message), frame({}, reason), last, "data: [DONE]\n\n"]})
    with pytest.raises(errors.ResponseParsingError) as caught:
        caller.deltas(model, "hello") if stream else caller.call(model, "hello")
    error = caught.value
    assert words in str(error)
    assert ("length" in str(error)) == (reason == "length")
    assert read(error.partial) == {"text": "Looking.", "reasoning": "Hm.", "calls": READ_CALL}
    assert (error.partial.usage.total_tokens, error.partial.finish_reason) == (5, reason)
    assert error.raw_response == function["arguments"]
