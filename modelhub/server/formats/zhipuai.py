"""ZhipuAI's wire format, OpenAI's with differences: https://docs.bigmodel.cn/api-reference"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import orjson

from modelhub.server.formats.answers import Prompt
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.images import build_images
from modelhub.server.formats.openai import build_deltas, build_embeddings, build_message, build_usage, parse_prompt
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json

_BASE = "/api/paas/v4"
_CREATED = 1767225600
_CODES = {
    "authentication": "1002",
    "permission": "1220",
    "not_found": "1211",
    "conflict": "1231",
    "rate_limit": "1302",
    "token_limit": "1302",
    "quota": "1113",
    "context": "1261",
    "filter": "1301",
    "server": "500",
    "overloaded": "1305",
}


def build_chat(ask: Ask) -> Reply:
    """Answer ``/chat/completions``; the last event of a stream always has the usage."""
    body = ask.body
    prompt = parse_asked(ask)
    answer = ask.answer(prompt)
    ident = blake2b(orjson.dumps([ask.seed, body]), digest_size=12).hexdigest()
    request_id = body.get("request_id") or ident
    head = {"id": ident, "request_id": request_id, "created": _CREATED, "model": prompt.model}
    usage = build_usage(prompt, [answer])
    reason = "sensitive" if answer.finish_reason == "content_filter" else answer.finish_reason
    if not body.get("stream"):
        choice = {"index": 0, "message": build_message(answer), "finish_reason": reason}
        return build_json({**head, "choices": [choice], "usage": usage}, tokens=usage["total_tokens"])
    deltas = tuple(
        _build_event({**head, "choices": [{"index": 0, "delta": {"role": "assistant", **delta}}]})
        for delta in build_deltas(answer)
    )
    last = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": reason}
    end = _build_event({**head, "choices": [last], "usage": usage})
    stream = Stream(deltas=deltas, closing=(end, b"data: [DONE]\n\n"))
    return Reply(stream=stream, content_type="text/event-stream", tokens=usage["total_tokens"])


def parse_asked(ask: Ask) -> Prompt:
    """Read a request; raise Failure as OpenAI's ``parse_prompt`` does."""
    thinking = ask.body.get("thinking") or {}
    return replace(parse_prompt(ask.body), think=thinking.get("type") == "enabled")


def _build_event(value: Json) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(value)


def build_error(failure: Failure) -> Reply:
    """A failure with ZhipuAI's number for it."""
    return build_json(_build_error_body(failure), failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The event for a failure in the middle of a stream."""
    return _build_event(_build_error_body(failure))


def _build_error_body(failure: Failure) -> Json:
    return {"error": {"code": _CODES.get(failure.name, "1210"), "message": failure.message}}


FORMAT = Format(
    (
        Endpoint("POST", (f"{_BASE}/chat/completions",), build_chat, "text", parse_asked),
        Endpoint("POST", (f"{_BASE}/embeddings",), build_embeddings, "embedding"),
        Endpoint("POST", (f"{_BASE}/images/generations",), build_images, "image"),
    ),
    build_error,
    build_error_event,
)
