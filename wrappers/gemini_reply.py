"""Reads Gemini's answers: replies, pieces of streams and errors (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from modelhub.base import (
    Accumulator,
    ModelResponse,
    Reply,
    ToolCallDelta,
    Usage,
    build_error,
    error_from_json,
    find_failure,
    find_request_id,
    find_status,
    make_call_id,
    said,
)
from modelhub.errors import (
    AuthenticationError,
    ModelCallError,
    ResponseParsingError,
)
from modelhub.response.streamed import build_response
from modelhub.response.usage import add_usage

FINISH_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}
# Reasons in the details of an error that say more than its status: https://cloud.google.com/apis/design/errors
ERROR_CODES: dict[str, type[ModelCallError]] = {"API_KEY_INVALID": AuthenticationError}
_ANSWERS = frozenset({"candidates", "promptFeedback", "usageMetadata", "responseId", "embeddings"})
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


class SignedId(str):
    """The id of a tool call that also holds Gemini's ``thought_signature``.

    It is for messages that a program writes itself from ``response.tool_calls``; ``response.to_message()`` needs no
    such ids. As JSON, only the text of the id is left. A program that stores such messages must store the signature
    too, and give it back as the tool call's ``thought_signature``.
    """

    thought_signature: str

    def __new__(cls, ident: str, thought_signature: str = "") -> SignedId:
        signed = super().__new__(cls, ident)
        signed.thought_signature = thought_signature
        return signed


def parse_chunk(data: Any, so_far: Accumulator, headers: Mapping[str, str] | None = None) -> ModelResponse:
    """The delta in the first candidate of a reply or of a piece of a stream.

    Raises a typed error if it reports a failure.
    """
    if not isinstance(data, dict):
        raise ResponseParsingError(f"the reply is a JSON {type(data).__name__}, not an object")
    if data.get("error") or find_failure(data, answered=bool(data.keys() & _ANSWERS)) is not None:
        raise parse_failure(None, data, headers)
    so_far.request_id = so_far.request_id or data.get("responseId")
    delta = ModelResponse(text="", raw=data, usage=parse_usage(data), model=said(data.get("modelVersion")))
    for candidate in data.get("candidates") or ():
        if candidate.get("index", 0) == 0:
            parse_parts((candidate.get("content") or {}).get("parts") or (), delta, so_far)
            delta.finish_reason = parse_finish_reason(candidate, bool(delta.tool_calls or so_far.calls))
            break
    else:
        if (data.get("promptFeedback") or {}).get("blockReason"):
            delta.finish_reason = "content_filter"
    return delta


def parse_replies(replies: list[Any], last: Reply) -> ModelResponse:
    """The response of one whole reply, or of several where each continues the one before; ``last`` has the headers."""
    so_far = Accumulator()
    usage: Usage | None = None
    for data in replies:
        so_far.usage = None
        for chunk in data if isinstance(data, list) else [data]:  # a list is a stream that came whole
            so_far.add(parse_chunk(chunk, so_far, last.headers))
        usage = add_usage(usage, so_far.usage)
    if not so_far.raw:
        raise ResponseParsingError("the reply is an empty list", status=last.status)
    response = build_response(so_far)
    response.tool_calls = so_far.tool_calls()
    if not any("candidates" in chunk for chunk in so_far.raw):
        response.text = None
    response.raw = replies[0] if len(replies) == 1 else replies
    response.request_id = find_request_id(last.headers) or so_far.request_id
    response.usage = usage
    return response


def find_continuation(data: Any) -> str | None:
    """The token that asks for the rest of a reply; None if the reply has finished."""
    candidates = data.get("candidates") if isinstance(data, dict) else None
    if not candidates or candidates[0].get("finishReason") != "CONTINUATION":
        return None
    token: str | None = candidates[0].get("continuationToken")
    return token


def parse_parts(parts: Any, delta: ModelResponse, so_far: Accumulator) -> None:
    """Add the parts of a candidate to ``delta``; parts of unknown kinds are found in its ``raw`` only."""
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCallDelta] = []
    images: list[str] = []
    for part in parts:
        if "functionCall" in part:
            calls.append(parse_call(part, len(so_far.calls) + len(calls)))
        elif part.get("text"):
            (thoughts if part.get("thought") else texts).append(part["text"])
        elif "inlineData" in part and not part.get("thought"):
            media = part["inlineData"]
            if media["mimeType"].startswith("image/") and said(media.get("data")) is not None:
                images.append(f"data:{media['mimeType']};base64,{media['data']}")
    delta.text = "".join(texts)
    delta.reasoning = "".join(thoughts) or None
    delta.tool_calls = calls or None  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    delta.image_urls = images or None


def parse_call(part: dict[str, Any], index: int) -> ToolCallDelta:
    """A tool call, which is always whole; if it has no id, it gets one."""
    call = part["functionCall"]
    arguments = call.get("args") or {}
    ident = call.get("id") or make_call_id()
    if part.get("thoughtSignature"):
        ident = SignedId(ident, part["thoughtSignature"])
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ToolCallDelta(index, ident, said(call.get("name")), text)


def parse_finish_reason(candidate: dict[str, Any], called: bool) -> str | None:
    """OpenAI's word for the reason why a candidate ended; Gemini says STOP for tool calls too."""
    reason = said(candidate.get("finishReason"))
    if reason in (None, "FINISH_REASON_UNSPECIFIED"):
        return None
    return "tool_calls" if reason == "STOP" and called else FINISH_REASONS.get(reason, "other")


def parse_usage(data: dict[str, Any]) -> Usage | None:
    """The tokens so far; thoughts count as completion, and what built-in tools read counts as prompt."""
    usage = data.get("usageMetadata")
    if not isinstance(usage, dict):
        return None
    thoughts = usage.get("thoughtsTokenCount")
    return Usage(
        (usage.get("promptTokenCount") or 0) + (usage.get("toolUsePromptTokenCount") or 0),
        (usage.get("candidatesTokenCount") or 0) + (thoughts or 0),
        usage.get("totalTokenCount"),
        usage.get("cachedContentTokenCount"),
        thoughts,
    )


def parse_failure(status: int | None, body: Any, headers: Mapping[str, str] | None) -> ModelCallError:
    """The typed error for a decoded body, which may be in a list; without a telling ``status``, the body has it."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return error_from_json(status, body, headers, ERROR_CODES)
    told = error.get("details")
    details = [detail for detail in told if isinstance(detail, dict)] if isinstance(told, list) else []
    reasons = [detail["reason"] for detail in details if isinstance(detail.get("reason"), str)]
    named = error.get("status")
    code = next((each for each in reasons if each in ERROR_CODES), named if isinstance(named, str) else None)
    message = error["message"].strip() or "the server gave no reason"
    failure = build_error(find_status(status, error, body), message, code, headers=headers, vendor=ERROR_CODES)
    delay = next((d["retryDelay"] for d in details if isinstance(d.get("retryDelay"), str)), "")
    seconds = _SECONDS.fullmatch(delay)
    if seconds and failure.retry_after is None:
        failure.retry_after = float(seconds[1])
    return failure
