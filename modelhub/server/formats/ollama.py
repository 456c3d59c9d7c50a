"""Ollama's wire format: https://github.com/ollama/ollama/blob/main/docs/api.md"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from modelhub.server.formats.answers import Answer, Message, Prompt, count_tokens, split_pieces
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.openai import MODELS, parse_count, parse_tools
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json
from modelhub.server.formats.vectors import DIMENSIONS, build_vector

_TIME = "2026-01-01T00:00:00.000000Z"


def build_chat(ask: Ask) -> Reply:
    """Answer ``/api/chat``, as lines unless ``stream`` is false."""
    body = ask.body
    messages = [Message(message["role"], message.get("content") or "") for message in body.get("messages") or ()]
    prompt = _parse_prompt(body, messages)
    if not messages:
        message = {"role": "assistant", "content": ""}
        return build_json({**_head(prompt), "message": message, "done_reason": "load", "done": True})
    answer = ask.answer(prompt)
    last = {"done_reason": _done_reason(answer), "done": True, **_build_counts(prompt, answer)}
    tokens = prompt.tokens + answer.tokens
    if not body.get("stream", True):
        return build_json({**_head(prompt), "message": _build_message(answer), **last}, tokens=tokens)
    deltas = (
        _build_line({**_head(prompt), "message": {"role": "assistant", **delta}, "done": False})
        for delta in build_deltas(answer)
    )
    end = _build_line({**_head(prompt), "message": {"role": "assistant", "content": ""}, **last})
    return _build_lines(deltas, end, tokens)


def build_generate(ask: Ask) -> Reply:
    """Answer ``/api/generate``, as lines unless ``stream`` is false."""
    body = ask.body
    prompt = _parse_prompt(body, [Message("user", body.get("prompt") or "")])
    answer = ask.answer(prompt)
    counts = _build_counts(prompt, answer)
    last = {"done": True, "done_reason": _done_reason(answer), "context": [1, 2, 3], **counts}
    thinking = {"thinking": answer.reasoning} if answer.reasoning else {}
    tokens = prompt.tokens + answer.tokens
    if not body.get("stream", True):
        return build_json({**_head(prompt), "response": answer.text, **thinking, **last}, tokens=tokens)
    thoughts = ({"response": "", "thinking": piece} for piece in split_pieces(answer.reasoning))
    words = ({"response": piece} for piece in split_pieces(answer.text))
    deltas = (_build_line({**_head(prompt), **delta, "done": False}) for delta in (*thoughts, *words))
    end = _build_line({**_head(prompt), "response": "", **last})
    return _build_lines(deltas, end, tokens)


def _build_lines(deltas: Iterator[bytes], end: bytes, tokens: int) -> Reply:
    stream = Stream(deltas=tuple(deltas), closing=(end,))
    return Reply(stream=stream, content_type="application/x-ndjson", tokens=tokens)


def _parse_prompt(body: Json, messages: list[Message]) -> Prompt:
    if not body.get("model"):
        raise Failure(400, "bad_request", "model is required")
    form: Any = body.get("format") or None
    return Prompt(
        model=body["model"],
        messages=messages,
        tools=parse_tools(body.get("tools")),
        max_tokens=(body.get("options") or {}).get("num_predict"),
        schema={} if isinstance(form, str) else form,
        think=bool(body.get("think")),
    )


def _head(prompt: Prompt) -> Json:
    return {"model": prompt.model, "created_at": _TIME}


def _done_reason(answer: Answer) -> str:
    return "stop" if answer.finish_reason == "tool_calls" else answer.finish_reason


def _build_counts(prompt: Prompt, answer: Answer) -> Json:
    tokens = answer.tokens
    return {
        "total_duration": 3_000_000 + 1_000_000 * tokens,
        "load_duration": 1_000_000,
        "prompt_eval_count": prompt.tokens,
        "prompt_eval_duration": 2_000_000,
        "eval_count": tokens,
        "eval_duration": 1_000_000 * tokens,
    }


def _build_message(answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text}
    if answer.reasoning:
        message["thinking"] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = _build_calls(answer)
    return message


def build_deltas(answer: Answer) -> Iterator[Json]:
    """The text one word at a time, then the tool calls, each whole on a line."""
    for piece in split_pieces(answer.reasoning):
        yield {"content": "", "thinking": piece}
    for piece in split_pieces(answer.text):
        yield {"content": piece}
    for call in _build_calls(answer):
        yield {"content": "", "tool_calls": [call]}


def _build_calls(answer: Answer) -> list[Json]:
    return [{"function": {"name": call.name, "arguments": call.arguments}} for call in answer.tool_calls]


def _build_line(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def build_embed(ask: Ask) -> Reply:
    """Answer ``/api/embed``."""
    body = ask.body
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    dimensions = parse_count(body, "dimensions", DIMENSIONS, 65536)
    tokens = sum(map(count_tokens, texts))
    return build_json(
        {
            "model": body["model"],
            "embeddings": [build_vector(ask.seed, body["model"], text, dimensions) for text in texts],
            "total_duration": 2_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": tokens,
        },
        tokens=tokens,
    )


def build_embeddings(ask: Ask) -> Reply:
    """Answer the older ``/api/embeddings``, which takes one prompt."""
    text = ask.body["prompt"]
    return build_json({"embedding": build_vector(ask.seed, ask.body["model"], text)}, tokens=count_tokens(text))


def build_tags(ask: Ask) -> Reply:
    """Answer ``/api/tags``, a list of models; the mock also answers for names that are not in it."""
    details = {
        "parent_model": "",
        "format": "gguf",
        "family": "mock",
        "families": ["mock"],
        "parameter_size": "1K",
        "quantization_level": "F32",
    }
    facts = {"modified_at": _TIME, "size": 1, "digest": "0" * 64, "details": details}
    return build_json({"models": [{"name": f"{name}:latest", "model": f"{name}:latest", **facts} for name in MODELS]})


def build_version(ask: Ask) -> Reply:
    """Answer ``/api/version``."""
    return build_json({"version": "0.9.3"})


def build_error(failure: Failure) -> Reply:
    """A failure in Ollama's error shape."""
    return build_json({"error": failure.message}, failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The line for a failure in the middle of a stream."""
    return _build_line({"error": failure.message})


FORMAT = Format(
    (
        Endpoint("POST", ("/api/chat",), build_chat, speaks=True),
        Endpoint("POST", ("/api/generate",), build_generate, speaks=True),
        Endpoint("POST", ("/api/embed",), build_embed),
        Endpoint("POST", ("/api/embeddings",), build_embeddings),
        Endpoint("GET", ("/api/tags",), build_tags),
        Endpoint("GET", ("/api/version",), build_version),
    ),
    build_error,
    build_error_event,
)
