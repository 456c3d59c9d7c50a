"""Anthropic's wire format: https://platform.claude.com/docs/en/api/messages"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from modelhub.server.formats.answers import Answer, Message, Prompt, Tool, split_pieces
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.openai import parse_text
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json
from modelhub.server.formats.standing import Standing

_STOP_REASONS = {"length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_CHOICES = {"any": "required", "auto": "auto", "none": "none"}
_TYPES = {
    "authentication": "authentication_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "timeout": "timeout_error",
    "conflict": "conflict_error",
    "rate_limit": "rate_limit_error",
    "token_limit": "rate_limit_error",
    "server": "api_error",
    "overloaded": "overloaded_error",
}
# What the vendor has no type for; it says these with status 400.
_WORDS = {
    "quota": "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
    "context": "prompt is too long: 210000 tokens > 200000 maximum",
    "filter": "Output blocked by content filtering policy",
}


def build_messages(ask: Ask) -> Reply:
    """Answer ``/v1/messages``, whole or as server-sent events."""
    body = ask.body
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        raise Failure(400, "bad_request", "max_tokens: Field required")
    prompt = parse_prompt(ask)
    answer = ask.answer(prompt)
    blocks = list(build_blocks(answer))
    usage = {"input_tokens": prompt.tokens, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    head = {
        "id": "msg_" + blake2b(orjson.dumps([ask.seed, body]), digest_size=12).hexdigest(),
        "type": "message",
        "role": "assistant",
        "model": prompt.model,
    }
    end = {"stop_reason": _STOP_REASONS.get(answer.finish_reason, "end_turn"), "stop_sequence": None}
    tokens = prompt.tokens + answer.tokens
    if not body.get("stream"):
        whole = {**head, "content": blocks, **end, "usage": {**usage, "output_tokens": answer.tokens}}
        return build_json(whole, tokens=tokens)
    start: Json = {
        **head,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": 1},
    }
    first, *deltas = (event for index, block in enumerate(blocks) for event in build_deltas(index, block))
    opening = (_build_event("message_start", message=start), _build_event("ping"), first)
    closing = (
        _build_event("message_delta", delta=end, usage={"output_tokens": answer.tokens}),
        _build_event("message_stop"),
    )
    stream = Stream(opening, tuple(deltas), closing)
    return Reply(stream=stream, content_type="text/event-stream; charset=utf-8", tokens=tokens)


def build_count(ask: Ask) -> Reply:
    """Answer ``/v1/messages/count_tokens``."""
    return build_json({"input_tokens": parse_prompt(ask).tokens})


def parse_prompt(ask: Ask) -> Prompt:
    """Read a request; raise Failure for one that the vendor refuses."""
    body = ask.body
    version = ask.headers.get("anthropic-version")
    if not version:
        raise Failure(400, "bad_request", "anthropic-version: header is required")
    if version >= "2026-10-21" and not body.keys().isdisjoint(("temperature", "top_p", "top_k")):
        raise Failure(400, "bad_request", f"temperature, top_p and top_k are not supported in version {version}")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Failure(400, "bad_request", "model: Field required")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise Failure(400, "bad_request", "messages: at least one message is required")
    messages = [Message("system", parse_text(body["system"]))] if body.get("system") else []
    messages += [message for turn in body["messages"] for message in parse_turn(turn)]
    choice = body.get("tool_choice") or {"type": "auto"}
    form = (body.get("output_config") or {}).get("format") or {}
    tools = [Tool(tool["name"], tool["input_schema"]) for tool in body.get("tools") or () if "input_schema" in tool]
    return Prompt(
        model=body["model"],
        messages=messages,
        tools=tools,
        tool_choice=choice["name"] if choice["type"] == "tool" else _CHOICES[choice["type"]],
        max_tokens=body.get("max_tokens"),
        schema=form.get("schema"),
        think=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
    )


def parse_turn(turn: Json) -> Iterator[Message]:
    """The messages in a turn: one for each result of a tool, and one for its text."""
    role, content = turn["role"], turn["content"]
    if role not in ("user", "assistant"):
        raise Failure(400, "bad_request", f"messages: unexpected role {role!r}, allowed are user and assistant")
    results = [] if isinstance(content, str) else [block for block in content if block["type"] == "tool_result"]
    for block in results:
        if not block["tool_use_id"]:
            raise Failure(400, "bad_request", "messages: a tool_result needs its tool_use_id")
        yield Message("tool", parse_text(block.get("content")))
    if not results or parse_text(content):
        yield Message(role, parse_text(content))


def build_blocks(answer: Answer) -> Iterator[Json]:
    """The content of a whole reply."""
    if answer.reasoning:
        yield {"type": "thinking", "thinking": answer.reasoning, "signature": "bW9jaw=="}
    if answer.text or not answer.tool_calls:
        yield {"type": "text", "text": answer.text}
    for call in answer.tool_calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}


def build_deltas(index: int, block: Json) -> Iterator[bytes]:
    """The events of a block: one word at a time, or the input of a tool as fragments of JSON."""
    kind = block["type"]
    if kind == "tool_use":
        empty: Json = {**block, "input": {}}
        text = orjson.dumps(block["input"]).decode() if block["input"] else ""
        size = max(len(text) // 3, 1)
        pieces = [("input_json_delta", "partial_json", text[n : n + size]) for n in range(0, len(text), size)]
    else:
        empty = {**block, kind: ""}
        pieces = [(f"{kind}_delta", kind, piece) for piece in split_pieces(block[kind])]
        if "signature" in block:
            empty["signature"] = ""
            pieces.append(("signature_delta", "signature", block["signature"]))
    yield _build_event("content_block_start", index=index, content_block=empty)
    for delta, name, piece in pieces:
        yield _build_event("content_block_delta", index=index, delta={"type": delta, name: piece})
    yield _build_event("content_block_stop", index=index)


def _build_event(kind: str, **facts: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"type": kind, **facts}))


def build_error(failure: Failure) -> Reply:
    """A failure in Anthropic's error shape."""
    return build_json(_build_error_body(failure), 400 if failure.name in _WORDS else failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The event for a failure in the middle of a stream."""
    return b"event: error\ndata: %b\n\n" % orjson.dumps(_build_error_body(failure))


def _build_error_body(failure: Failure) -> Json:
    kind = _TYPES.get(failure.name, "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": _WORDS.get(failure.name, failure.message)}}


def build_limit_headers(standing: Standing) -> dict[str, str]:
    """What is left of each limit: https://platform.claude.com/docs/en/api/rate-limits"""
    headers: dict[str, str] = {}
    for name, meter in (("requests", standing.requests), ("tokens", standing.tokens)):
        if meter is not None:
            full_at = datetime.fromtimestamp(standing.at + meter.full_in, UTC)
            headers[f"anthropic-ratelimit-{name}-limit"] = f"{meter.limit:.0f}"
            headers[f"anthropic-ratelimit-{name}-remaining"] = f"{int(meter.left)}"
            headers[f"anthropic-ratelimit-{name}-reset"] = f"{full_at:%Y-%m-%dT%H:%M:%SZ}"
    return headers


FORMAT = Format(
    (
        Endpoint("POST", ("/v1/messages",), build_messages, speaks=True),
        Endpoint("POST", ("/v1/messages/count_tokens",), build_count),
    ),
    build_error,
    build_error_event,
    build_limit_headers,
)
