"""OpenAI's wire format: https://platform.openai.com/docs/api-reference/chat"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from struct import pack
from typing import Any

import orjson

from modelhub.server.formats.answers import Answer, Message, Prompt, Tool, ToolCall, count_tokens, split_pieces
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.openai_limits import build_limit_headers
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json
from modelhub.server.formats.vectors import DIMENSIONS, build_vector

MODELS = ("mock-chat", "mock-embedding")
_CREATED = 1767225600
_CODES = {
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "permission": ("request_forbidden", "permission_denied"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "timeout": ("timeout", None),
    "conflict": ("conflict", None),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "token_limit": ("tokens", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "context": ("invalid_request_error", "context_length_exceeded"),
    "filter": ("invalid_request_error", "content_filter"),
    "server": ("server_error", None),
    "overloaded": ("server_error", "overloaded"),
}


def build_chat(ask: Ask) -> Reply:
    """Answer ``/chat/completions``, whole or as server-sent events."""
    body = ask.body
    prompt = parse_prompt(body)
    answers = [ask.answer(prompt, choice) for choice in range(parse_count(body, "n", 1))]
    usage = build_usage(prompt, answers)
    ident = blake2b(orjson.dumps([ask.seed, body]), digest_size=12).hexdigest()
    head = {"id": f"chatcmpl-{ident}", "object": "chat.completion", "created": _CREATED, "model": prompt.model}
    tail = {"service_tier": "default", "system_fingerprint": "fp_mock"}
    if body.get("stream"):
        head["object"] = "chat.completion.chunk"
        counted = bool((body.get("stream_options") or {}).get("include_usage"))
        reply = build_stream({**head, **tail}, answers, usage if counted else None)
        return replace(reply, tokens=usage["total_tokens"])
    choices = [
        {"index": index, "message": build_message(answer), "logprobs": None, "finish_reason": answer.finish_reason}
        for index, answer in enumerate(answers)
    ]
    return build_json({**head, "choices": choices, "usage": usage, **tail}, tokens=usage["total_tokens"])


def parse_prompt(body: Json) -> Prompt:
    """Read a chat request; raise Failure when the model or the messages are missing."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Failure(400, "bad_request", "you must provide a model parameter")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise Failure(400, "bad_request", "'messages' must be a list that is not empty")
    choice = body.get("tool_choice") or "auto"
    if isinstance(choice, dict):
        choice = (choice.get("function") or choice.get("custom") or {}).get("name", "required")
    wanted = body.get("max_completion_tokens")
    return Prompt(
        model=body["model"],
        messages=[Message(message["role"], parse_text(message.get("content"))) for message in body["messages"]],
        tools=parse_tools(body.get("tools")),
        tool_choice=choice,
        max_tokens=body.get("max_tokens") if wanted is None else wanted,
        schema=_parse_schema(body.get("response_format") or {}),
        think=bool(body.get("enable_thinking")),
    )


def parse_count(body: Json, key: str, default: int, most: int = 128) -> int:
    """Read how many things to make, between 1 and ``most``; raise Failure for another number."""
    number = body.get(key)
    if number is None:
        return default
    if not isinstance(number, int) or not 1 <= number <= most:
        raise Failure(400, "bad_request", f"'{key}' must be an integer from 1 to {most}")
    return number


def parse_text(content: Any) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, list):
        return "\n".join(part.get("text") or "" for part in content if isinstance(part, dict) and "text" in part)
    return content or ""


def parse_tools(tools: list[Json] | None) -> list[Tool]:
    """Read function tools."""
    functions = [tool["function"] for tool in tools or () if "function" in tool]
    return [Tool(function["name"], function.get("parameters") or {}) for function in functions]


def _parse_schema(response_format: Json) -> Json | None:
    kind = response_format.get("type", "text")
    return None if kind == "text" else (response_format.get("json_schema") or {}).get("schema") or {}


def build_usage(prompt: Prompt, answers: list[Answer]) -> Json:
    """Count the tokens of a prompt and its answers."""
    told = sum(answer.tokens for answer in answers)
    thought = sum(count_tokens(answer.reasoning) for answer in answers)
    return {
        "prompt_tokens": prompt.tokens,
        "completion_tokens": told,
        "total_tokens": prompt.tokens + told,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": thought, "audio_tokens": 0},
    }


def build_message(answer: Answer) -> Json:
    """The assistant's message of a whole reply."""
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["content"] = answer.text or None
        message["tool_calls"] = [_build_call(call, orjson.dumps(call.arguments).decode()) for call in answer.tool_calls]
    return message


def build_stream(head: Json, answers: list[Answer], usage: Json | None) -> Reply:
    """The chunks of all answers, one answer after the other; with ``usage``, one more chunk without choices."""
    more: Json = {} if usage is None else {"usage": None}

    def chunk(index: int, delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return _build_event({**head, "choices": [choice], **more})

    roles = range(len(answers))
    opening = [chunk(index, {"role": "assistant", "content": "", "refusal": None}) for index in roles]
    deltas = [chunk(index, delta) for index in roles for delta in build_deltas(answers[index])]
    closing = [chunk(index, {}, answers[index].finish_reason) for index in roles]
    if usage is not None:
        closing.append(_build_event({**head, "choices": [], "usage": usage}))
    stream = Stream(tuple(opening), tuple(deltas), (*closing, b"data: [DONE]\n\n"))
    return Reply(stream=stream, content_type="text/event-stream; charset=utf-8")


def build_deltas(answer: Answer) -> Iterator[Json]:
    """The text one word at a time; for a tool call, first its name, then its arguments in fragments."""
    for piece in split_pieces(answer.reasoning):
        yield {"reasoning_content": piece}
    for piece in split_pieces(answer.text):
        yield {"content": piece}
    for index, call in enumerate(answer.tool_calls):
        yield {"tool_calls": [{"index": index, **_build_call(call, "")}]}
        arguments = orjson.dumps(call.arguments).decode()
        size = min(max(len(arguments) // 3, 1), 12)
        for start in range(0, len(arguments), size):
            yield {"tool_calls": [{"index": index, "function": {"arguments": arguments[start : start + size]}}]}


def _build_call(call: ToolCall, arguments: str) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _build_event(value: Json) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(value)


def build_embeddings(ask: Ask) -> Reply:
    """Answer ``/embeddings``, as numbers or in base64."""
    body = ask.body
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    if texts and isinstance(texts[0], int):
        texts = [texts]
    model, dimensions = body["model"], parse_count(body, "dimensions", DIMENSIONS, 65536)
    vectors = [build_vector(ask.seed, model, str(text), dimensions) for text in texts]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _build_base64(vector) if packed else vector}
        for index, vector in enumerate(vectors)
    ]
    tokens = sum(count_tokens(str(text)) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return build_json({"object": "list", "data": data, "model": model, "usage": usage}, tokens=tokens)


def _build_base64(vector: list[float]) -> str:
    return b64encode(pack(f"<{len(vector)}f", *vector)).decode()


def build_models(ask: Ask) -> Reply:
    """Answer ``/models``; the mock also answers for names that are not in the list."""
    data = [{"id": name, "object": "model", "created": _CREATED, "owned_by": "modelhub"} for name in MODELS]
    return build_json({"object": "list", "data": data})


def build_error(failure: Failure) -> Reply:
    """A failure in OpenAI's error shape."""
    return build_json(_build_error_body(failure), failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The event for a failure in the middle of a stream."""
    return _build_event(_build_error_body(failure))


def _build_error_body(failure: Failure) -> Json:
    kind, code = _CODES.get(failure.name, ("invalid_request_error", None))
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": code}}


FORMAT = Format(
    (
        Endpoint("POST", ("/v1/chat/completions", "/chat/completions"), build_chat, speaks=True),
        Endpoint("POST", ("/v1/embeddings", "/embeddings"), build_embeddings),
        Endpoint("GET", ("/v1/models", "/models"), build_models),
    ),
    build_error,
    build_error_event,
    build_limit_headers,
)
