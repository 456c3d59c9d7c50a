"""Anthropic's wire format: https://platform.claude.com/docs/en/api/messages"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b

import orjson

from modelhub.response import Usage
from modelhub.server.formats.answers import Answer, Message, Prompt, Tool
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.openai import parse_text
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json
from modelhub.server.formats.spoken import build_response, build_responses, cut_thirds
from modelhub.server.formats.standing import Standing
from modelhub.server.formats.writers.anthropic import MessageWriter
from modelhub.server.formats.writers.anthropic_errors import build_error_body

_CHOICES = {"any": "required", "auto": "auto", "none": "none"}
# What the vendor has no type for; it says these with status 400.
_WORDS = {
    "quota": "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
    "context": "prompt is too long: 210000 tokens > 200000 maximum",
    "filter": "Output blocked by content filtering policy",
}


_END = b"\n\n"  # of an event
_OPENING, _CLOSING = 3, 2  # how many events come before the first word, and after the last block


def build_messages(ask: Ask) -> Reply:
    """Answer ``/v1/messages``, whole or as server-sent events."""
    body = ask.body
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        raise Failure(400, "bad_request", "max_tokens: Field required")
    prompt = parse_prompt(ask)
    answer = ask.answer(prompt)
    writer = MessageWriter("msg_" + blake2b(orjson.dumps([ask.seed, body]), digest_size=12).hexdigest(), prompt.model)
    usage = Usage(prompt.tokens, answer.tokens, cached_tokens=0, cache_write_tokens=0)
    response = build_response(answer, usage)
    response.raw = build_raw(answer)
    if not body.get("stream"):
        return build_json(writer.build_whole(response), tokens=usage.total_tokens)
    pieces = [writer.build_opening(response)]
    pieces += [writer.build_delta(delta) for delta in build_responses(answer, cut_thirds)]
    pieces.append(writer.build_closing(response))
    events = [event + _END for event in b"".join(pieces).split(_END)[:-1]]
    stream = Stream(tuple(events[:_OPENING]), tuple(events[_OPENING:-_CLOSING]), tuple(events[-_CLOSING:]))
    return Reply(stream=stream, content_type="text/event-stream; charset=utf-8", tokens=usage.total_tokens)


def build_raw(answer: Answer) -> list[Json]:
    """The events in which Claude's signature of a thought comes."""
    if not answer.reasoning:
        return []
    block = {"type": "thinking", "thinking": answer.reasoning, "signature": "bW9jaw=="}
    return [{"type": "content_block_start", "index": 0, "content_block": block}]


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


def build_error(failure: Failure) -> Reply:
    """A failure in Anthropic's error shape."""
    return build_json(build_error_body(_word(failure)), 400 if failure.name in _WORDS else failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The event for a failure in the middle of a stream."""
    return b"event: error\ndata: %b\n\n" % orjson.dumps(build_error_body(_word(failure)))


def _word(failure: Failure) -> Failure:
    return Failure(failure.status, failure.name, _WORDS.get(failure.name, failure.message))


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
        Endpoint("POST", ("/v1/messages",), build_messages, "text", parse_prompt),
        Endpoint("POST", ("/v1/messages/count_tokens",), build_count),
    ),
    build_error,
    build_error_event,
    build_limit_headers,
)
