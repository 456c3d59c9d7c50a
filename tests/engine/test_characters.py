"""Half a character never reaches a caller, whichever model answers and wherever the half is."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelResponse, ModelWrapperBase, ToolCall, ToolCallDelta, errors
from modelhub.testing import MockServer, Replay

from ..conftest import Awaiting, Blocking
from ..served import build_model

HIGH, LOW, LOST = "\ud83c", "\udf0a", "\ufffd"
CUT = [f"tide {HIGH}", f"{LOW} in"]
WHOLE = "tide 🌊 in"


def sse(*events: Any) -> dict[str, Any]:
    """A recorded stream of these events, each in a chunk of its own."""
    chunks = [f"event: {event.get('type', 'x')}\ndata: {json.dumps(event)}\n\n" for event in events]
    return {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": chunks}


def openai(texts: list[str], field: str) -> dict[str, Any]:
    """A stream in OpenAI's shape."""
    deltas = [{"index": 0, "delta": {field: text}} for text in texts]
    return sse(
        *({"id": "c", "choices": [each]} for each in [*deltas, {"index": 0, "delta": {}, "finish_reason": "stop"}])
    )


def anthropic(texts: list[str], field: str) -> dict[str, Any]:
    """A stream of Anthropic's."""
    kind = {"text": "text_delta", "thinking": "thinking_delta"}[field]
    deltas: list[dict[str, Any]] = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": kind, field: text}} for text in texts
    ]
    block = {"type": field, field: ""}
    return sse(
        {"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 1, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        deltas[0],
        {"type": "ping"},
        *deltas[1:],
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    )


def gemini(texts: list[str], thought: bool) -> dict[str, Any]:
    """A stream of Gemini's, whose last event says that it is the last."""
    parts = [{"text": text, **({"thought": True} if thought else {})} for text in texts]
    events = [{"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]} for part in parts]
    return sse(*events, {"candidates": [{"index": 0, "content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}]})


def ollama(texts: list[str], field: str) -> dict[str, Any]:
    """Ollama's lines."""
    lines: list[dict[str, Any]] = [{"message": {"role": "assistant", field: text}, "done": False} for text in texts]
    lines.append({"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"})
    return {"status": 200, "chunks": [json.dumps(line) + "\n" for line in lines]}


def dashscope(texts: list[str], field: str) -> dict[str, Any]:
    """A stream of DashScope's."""
    choices = [
        {"message": {"role": "assistant", "content": "", field: text}, "finish_reason": "null"} for text in texts
    ]
    last = {"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}
    return sse(*({"output": {"choices": [choice]}, "request_id": "r"} for choice in [*choices, last]))


STREAMS: dict[str, tuple[str, Any, Any, str]] = {
    "openai": ("openai_chat", openai, "content", "text"),
    "openai reasoning": ("openai_chat", openai, "reasoning_content", "reasoning"),
    "zhipuai": ("zhipuai_chat", openai, "content", "text"),
    "yi": ("yi_chat", openai, "content", "text"),
    "litellm": ("litellm_chat", openai, "content", "text"),
    "post_api": ("post_api_chat", openai, "content", "text"),
    "anthropic": ("anthropic_chat", anthropic, "text", "text"),
    "anthropic thinking": ("anthropic_chat", anthropic, "thinking", "reasoning"),
    "gemini": ("gemini_chat", gemini, False, "text"),
    "gemini thoughts": ("gemini_chat", gemini, True, "reasoning"),
    "ollama": ("ollama_chat", ollama, "content", "text"),
    "ollama thinking": ("ollama_chat", ollama, "thinking", "reasoning"),
    "dashscope": ("dashscope_chat", dashscope, "content", "text"),
    "dashscope reasoning": ("dashscope_chat", dashscope, "reasoning_content", "reasoning"),
}


def check_whole(*responses: ModelResponse) -> None:
    """Everything in these responses can be encoded."""
    for response in responses:
        fields = {
            name: getattr(response, name) for name in ("text", "reasoning", "parsed", "model", "raw", "request_id")
        }
        calls = [(call.id, call.name, call.arguments) for call in response.tool_calls or ()]
        json.dumps([fields, calls, response.image_urls], ensure_ascii=False).encode()


@pytest.mark.parametrize(("model_type", "build", "field", "name"), STREAMS.values(), ids=STREAMS)
def test_two_halves_become_one(caller: Blocking | Awaiting, model_type: str, build: Any, field: Any, name: str) -> None:
    model = build_model(model_type, "http://nowhere")
    for texts, expected in (
        (CUT, ["tide ", "🌊 in"]),
        ([f"tide {HIGH}"], [f"tide {LOST}"]),
        ([f"tide {HIGH}", "in", f"{LOW} now"], [f"tide {LOST}", "in", f"{LOST} now"]),
    ):
        model.drivers = Replay([build(texts, field)])
        deltas, response = caller.deltas(model, "hi")
        assert [piece for delta in deltas if (piece := getattr(delta, name))] == expected
        assert getattr(response, name) == "".join(expected)
        check_whole(*deltas, response)


def test_arguments_of_a_tool(caller: Blocking | Awaiting) -> None:
    model = build_model("openai_chat", "http://nowhere")

    def piece(index: int, **function: str) -> dict[str, Any]:
        return {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": index, "function": function}]}}]}

    start = piece(0, name=f"to{HIGH}", arguments="")
    start["choices"][0]["delta"]["tool_calls"][0]["id"] = f"call{LOW}"
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    escaped = piece(0, arguments=f'","b":["\\{HIGH.encode("unicode-escape").decode()[1:]}"]}}')
    model.drivers = Replay([sse(start, piece(0, arguments=f'{{"a":"{HIGH}'), piece(0, arguments=LOW), escaped, end)])
    deltas, response = caller.deltas(model, "hi")
    (call,) = response.tool_calls
    assert (call.id, call.name, call.arguments) == (f"call{LOST}", f"to{LOST}", {"a": "🌊", "b": [LOST]})
    check_whole(*deltas, response)


def test_a_stream_that_breaks_after_a_half(server: MockServer, caller: Blocking | Awaiting) -> None:
    stream = openai(["high ", f"tide {HIGH}"], "content")
    server.reply({**stream, "chunks": stream["chunks"][:2], "end": "abrupt"})
    with pytest.raises(errors.StreamInterruptedError) as caught:
        caller.deltas(build_model("openai_chat", server.url), "hi")
    assert caught.value.partial.text == f"high tide {LOST}"


def test_a_whole_answer(caller: Blocking | Awaiting) -> None:
    arguments = json.dumps({"a": HIGH, LOW: [LOW]})
    call = {"id": f"c{HIGH}", "type": "function", "function": {"name": f"n{LOW}", "arguments": arguments}}
    message = {"content": f"tide {HIGH}", "reasoning_content": f"{LOW}!", "tool_calls": [call]}
    body = {"id": "c", "model": f"m{HIGH}", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    model = build_model("openai_chat", "http://nowhere")
    model.drivers = Replay([{"status": 200, "body": json.dumps(body), "headers": {"x-request-id": f"r{LOW}"}}])
    response = caller.call(model, "hi")
    assert (response.text, response.reasoning, response.model) == (f"tide {LOST}", f"{LOST}!", f"m{LOST}")
    assert response.request_id == f"r{LOST}"
    assert response.tool_calls == [ToolCall(f"c{LOST}", f"n{LOST}", {"a": LOST, LOST: [LOST]})]
    check_whole(response)


def test_a_structured_answer(caller: Blocking | Awaiting) -> None:
    for told, value in ((f'{{"a": "{HIGH}"}}', {"a": LOST}), (r'{"a": "\ud83c\udf0a\udf0a"}', {"a": f"🌊{LOST}"})):
        body = {"choices": [{"index": 0, "message": {"content": told}, "finish_reason": "stop"}]}
        model = build_model("openai_chat", "http://nowhere")
        model.drivers = Replay([{"status": 200, "body": json.dumps(body)}])
        assert caller.call(model, "hi", response_format={"type": "json_object"}).parsed == value


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, json.dumps({"error": {"message": f"no {HIGH}", "code": f"bad{LOW}"}})),
        (200, json.dumps({"error": {"message": f"no {HIGH}"}})),
        (200, '{"choices": [' + json.dumps(HIGH)),
        (200, json.dumps({"choices": [HIGH]})),
        (200, json.dumps({"choices": [{"index": 0, "message": {"tool_calls": [{"function": {"arguments": HIGH}}]}}]})),
        (200, '{"choices": "\udced\udca0\udcbc'),
    ],
)
def test_an_error_quotes_no_half(caller: Blocking | Awaiting, status: int, body: str) -> None:
    for stream in (False, True):
        model = build_model("openai_chat", "http://nowhere", retry={"max_attempts": 1})
        text = f"data: {body}\n\n" if stream and status == 200 else body
        model.drivers = Replay([{"status": status, "body": text}])
        with pytest.raises(errors.ModelCallError) as caught:
            _ = caller.deltas(model, "hi") if stream else caller.call(model, "hi")
        str(caught.value).encode()
        str(caught.value.code).encode()


class Says(ModelWrapperBase):
    """A model in Python that says what it is given."""

    def __call__(self, answer: Any) -> Any:
        return answer() if callable(answer) else answer


def said(caller: Blocking | Awaiting, answer: Any) -> Any:
    return caller.call(ModelRegistry({"config_name": "m", "model_type": "Says"}).get_model("m"), answer)


def test_an_answer_of_python_code(caller: Blocking | Awaiting) -> None:
    assert said(caller, "".join(CUT)).text == WHOLE
    assert said(caller, HIGH).text == LOST
    call = ToolCall("c", f"n{LOW}", {"a": [HIGH]})
    response = said(caller, ModelResponse("hi", reasoning=HIGH, parsed={"a": LOW}, raw={"b": HIGH}, tool_calls=[call]))
    assert (response.reasoning, response.parsed, response.raw) == (LOST, {"a": LOST}, {"b": LOST})
    assert response.tool_calls == [ToolCall("c", f"n{LOST}", {"a": [LOST]})]


def yields(*pieces: Any) -> Any:
    def generate() -> Generator[Any, None, None]:
        yield from pieces

    return generate


PIECES: dict[str, tuple[tuple[Any, ...], list[str], str]] = {
    "texts": (tuple(CUT), ["tide ", "🌊 in"], WHOLE),
    "the text so far": ((CUT[0], WHOLE, f"{WHOLE} now"), ["tide ", WHOLE, f"{WHOLE} now"], f"{WHOLE} now"),
    "a half at the end": ((CUT[0],), [f"tide {LOST}"], f"tide {LOST}"),
    "responses": (tuple(ModelResponse(text) for text in CUT), ["tide ", "🌊 in"], WHOLE),
    "no halves": (("a", "東", ModelResponse("🌊")), ["a", "東", "🌊"], "a東🌊"),
}


@pytest.mark.parametrize(("pieces", "expected", "text"), PIECES.values(), ids=PIECES)
def test_pieces_that_python_code_yields(pieces: tuple[Any, ...], expected: list[str], text: str) -> None:
    model = ModelRegistry({"config_name": "m", "model_type": "Says"}).get_model("m")
    response = model(yields(*pieces))
    assert [delta.text for delta in response] == expected
    assert response.text == text


def test_a_tool_call_that_python_code_yields() -> None:
    first, second = ToolCallDelta(0, "c", "n", f'{{"a":"{HIGH}'), ToolCallDelta(0, arguments=f'{LOW}"}}')
    model = ModelRegistry({"config_name": "m", "model_type": "Says"}).get_model("m")
    response = model(yields(ModelResponse("", tool_calls=[first]), ModelResponse("", tool_calls=[second])))
    check_whole(*response)
    assert response.tool_calls == [ToolCall("c", "n", {"a": "🌊"})]
