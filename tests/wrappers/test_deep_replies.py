"""Replies that are nested deeper than Python can follow: a ResponseParsingError or an answer, whoever reads them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.testing import Replay

Json = dict[str, Any]

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
COMPLETION: Json = {
    "id": "r",
    "model": "m",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi.", "tool_calls": [CALL]}}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0}},
}
CHUNK: Json = {
    "id": "r",
    "choices": [
        {"index": 0, "finish_reason": "stop", "delta": {"content": "Hi.", "tool_calls": [{"index": 0, **CALL}]}}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
}
OLLAMA: Json = {
    "model": "m",
    "message": {"role": "assistant", "content": "Hi.", "tool_calls": [{"function": {"name": "f", "arguments": {}}}]},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 1,
    "eval_count": 1,
}
GEMINI: Json = {
    "candidates": [
        {
            "content": {"role": "model", "parts": [{"text": "Hi."}, {"functionCall": {"name": "f", "args": {}}}]},
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1},
}
CLAUDE: Json = {
    "id": "r",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": "Hi."}, {"type": "tool_use", "id": "t", "name": "f", "input": {}}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
DASHSCOPE: Json = {
    "output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hi."}}]},
    "usage": {"input_tokens": 1, "output_tokens": 1},
    "request_id": "r",
}
VECTORS: Json = {"data": [{"index": 0, "embedding": [0.5]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
AT = {"client_args": {"base_url": "http://recorded"}}

WHOLE: dict[str, tuple[Json, Json]] = {
    "openai_chat": (AT, COMPLETION),
    "yi_chat": (AT, COMPLETION),
    "zhipuai_chat": (AT, COMPLETION),
    "post_api_chat": ({"api_url": "http://recorded"}, COMPLETION),
    "post_api": ({"api_url": "http://recorded"}, COMPLETION),
    "ollama_chat": ({"host": "http://recorded"}, OLLAMA),
    "ollama_generate": ({"host": "http://recorded"}, {"response": "Hi.", "done": True, "context": [1]}),
    "gemini_chat": (AT, GEMINI),
    "anthropic_chat": (AT, CLAUDE),
    "dashscope_chat": (AT, DASHSCOPE),
    "dashscope_multimodal": (AT, DASHSCOPE),
    "openai_embedding": (AT, VECTORS),
    "zhipuai_embedding": (AT, VECTORS),
    "post_api_embedding": ({"api_url": "http://recorded"}, VECTORS),
    "ollama_embedding": ({"host": "http://recorded"}, {"embeddings": [[0.5]]}),
    "gemini_embedding": (AT, {"embeddings": [{"values": [0.5]}]}),
    "dashscope_text_embedding": (AT, {"output": {"embeddings": [{"text_index": 0, "embedding": [0.5]}]}}),
    "openai_dall_e": (AT, {"data": [{"url": "http://x/1.png"}]}),
    "post_api_dall_e": ({"api_url": "http://recorded"}, {"data": [{"url": "http://x/1.png"}]}),
}
EVENTS: dict[str, tuple[str, list[Json]]] = {
    "openai_chat": ("data: %s\n\n", [CHUNK]),
    "zhipuai_chat": ("data: %s\n\n", [CHUNK]),
    "post_api_chat": ("data: %s\n\n", [CHUNK]),
    "ollama_chat": ("%s\n", [OLLAMA]),
    "ollama_generate": ("%s\n", [{"response": "Hi.", "done": True}]),
    "gemini_chat": ("data: %s\n\n", [GEMINI]),
    "dashscope_chat": ("data: %s\n\n", [DASHSCOPE]),
    "anthropic_chat": (
        "data: %s\n\n",
        [
            {"type": "message_start", "message": {**CLAUDE, "content": []}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ],
    ),
}
FAILURES: list[Any] = [
    {"error": {"message": "no", "type": "t", "code": "c", "param": None}},
    {"code": "c", "message": "no", "request_id": "r"},
    {"detail": [{"loc": ["body"], "msg": "no"}]},
]
DEPTHS = (300, 700, 1000, 50_000)  # those that orjson reads, and one that nobody does
DEEP = "DEEP"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each value in ``value``, and of itself."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replace(value: Any, path: tuple[Any, ...]) -> Any:
    """``value`` with a mark at one place."""
    if not path:
        return DEEP
    value = copy.copy(value)
    value[path[0]] = replace(value[path[0]], path[1:])
    return value


def nest(depth: int, kind: str) -> str:
    return "[" * depth + "]" * depth if kind == "lists" else '{"a":' * depth + "1" + "}" * depth


def write(template: Any, depth: int, kind: str, quoted: bool = False) -> str:
    deep = nest(depth, kind)
    return json.dumps(template).replace(f'"{DEEP}"', json.dumps(deep) if quoted else deep)


def build(model_type: str) -> Any:
    config = {"config_name": "c", "model_type": model_type, "api_key": "k.1", **WHOLE[model_type][0]}
    if not model_type.startswith("post"):
        config["model_name"] = "m"
    return ModelRegistry({**config, "retry": {"max_attempts": 1}}).get_model("c")


def ask(model: Any, status: int, kind: str, body: str, **options: Any) -> Any:
    """The outcome of a call: an answer that can be used, or an error of ours; anything else is raised."""
    model.drivers = Replay([{"status": status, "headers": {"content-type": kind}, "body": body}])
    try:
        answer = model("hi", **options)
        if options.get("stream"):
            for _ in answer:
                pass
        return answer
    except errors.ModelCallError as error:
        str(error)
        return error


@pytest.mark.parametrize("kind", ["lists", "objects"])
@pytest.mark.parametrize("model_type", WHOLE)
def test_a_whole_reply(model_type: str, kind: str) -> None:
    model = build(model_type)
    template = WHOLE[model_type][1]
    for path in places(template):
        for depth in DEPTHS:
            outcome = ask(model, 200, "application/json", write(replace(template, path), depth, kind))
            if depth == DEPTHS[-1]:
                assert isinstance(outcome, errors.ResponseParsingError), path
            ask(model, 200, "application/json", write(replace(template, path), depth, kind, quoted=True))


@pytest.mark.parametrize("kind", ["lists", "objects"])
@pytest.mark.parametrize("model_type", EVENTS)
def test_an_event(model_type: str, kind: str) -> None:
    model = build(model_type)
    frame, events = EVENTS[model_type]
    media = "text/event-stream" if frame.startswith("data") else "application/x-ndjson"
    for n, event in enumerate(events):
        before = "".join(frame % json.dumps(other) for other in events[:n])
        after = "".join(frame % json.dumps(other) for other in events[n + 1 :])
        for path in places(event):
            for depth in DEPTHS:
                body = before + frame % write(replace(event, path), depth, kind) + after
                outcome = ask(model, 200, media, body, stream=True)
                if depth == DEPTHS[-1]:
                    assert isinstance(outcome, errors.ResponseParsingError), path


@pytest.mark.parametrize("model_type", WHOLE)
def test_an_error(model_type: str) -> None:
    model = build(model_type)
    for template in FAILURES:
        for path in places(template):
            for depth in DEPTHS:
                for status in (400, 500, 200):
                    body = write(replace(template, path), depth, "objects")
                    outcome = ask(model, status, "application/json", body)
                    assert isinstance(outcome, errors.ModelCallError) or status == 200
                    if status == 400:
                        assert isinstance(outcome, errors.BadRequestError)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_structured_answer(depth: int) -> None:
    model = build("openai_chat")
    value: Json = {"$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a"}
    for schema in (value, {"type": "array"}, {"const": {"b": 1}}):
        wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
        for kind in ("json_object", "json_schema"):
            reply = json.loads(json.dumps(COMPLETION))
            message = reply["choices"][0]["message"]
            del message["tool_calls"]
            message["content"] = nest(depth, "objects")
            outcome = ask(
                model,
                200,
                "application/json",
                json.dumps(reply),
                response_format=wanted if kind == "json_schema" else {"type": kind},
            )
            assert depth < DEPTHS[-1] or isinstance(outcome, errors.ResponseParsingError)
