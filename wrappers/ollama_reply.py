"""Reads what Ollama answers, whole or line by line."""

from __future__ import annotations

from typing import Any

from modelhub.base import (
    Accumulator,
    ModelResponse,
    Reply,
    Usage,
    find_request_id,
    make_call_id,
    raise_for_failure,
    said,
)

from .openai_answer import find_tool_calls, parse_tool_call_delta, parse_tool_calls


def read_body(data: Any, reply: Reply, key: str) -> dict[str, Any]:
    """``data``, the body of a reply or a line of a stream; raises a typed error if it reports one, or is no object.

    What the body is about is under ``key``; it is not in the last line of an older server.
    """
    answer = data.get(key) if isinstance(data, dict) else None
    answered = answer is not None and (key != "message" or isinstance(answer, dict))  # a failure has a message, too
    raise_for_failure(data, reply, answered=answered or (isinstance(data, dict) and data.get("done") is True))
    return data  # type: ignore[no-any-return]


def parse_answer(data: dict[str, Any], message: dict[str, Any], reply: Reply) -> ModelResponse:
    """The response for a reply: ``message`` has content, thinking and tool calls, ``data`` all other facts."""
    calls = parse_tool_calls(message)
    return ModelResponse(
        text=message.get("content"),
        reasoning=message.get("thinking"),
        tool_calls=calls,
        finish_reason=parse_finish_reason(data, bool(calls)),
        usage=parse_usage(data),
        raw=data,
        request_id=find_request_id(reply.headers),
        model=said(data.get("model")),
    )


def parse_delta(data: dict[str, Any], message: dict[str, Any], so_far: Accumulator) -> ModelResponse | None:
    """The delta of one line of a stream; a tool call is always whole."""
    calls = [parse_tool_call_delta(call) for call in find_tool_calls(message)]
    for n, call in enumerate(calls, len(so_far.calls)):  # each is whole, whatever index it says
        call.index, call.id = n, call.id or make_call_id()
    done = data.get("done")
    text, reasoning = message.get("content"), message.get("thinking")
    if not (text or reasoning or calls or done):
        so_far.raw.append(data)
        return None
    return ModelResponse(
        text=text or "",
        reasoning=reasoning,
        tool_calls=calls or None,
        finish_reason=parse_finish_reason(data, bool(so_far.calls or calls)) if done else None,
        usage=parse_usage(data) if done else None,
        raw=data,
        model=data.get("model"),
    )


def parse_finish_reason(data: dict[str, Any], called: bool) -> str | None:
    """OpenAI's word for the reason why Ollama stopped; older servers say only ``done``."""
    reason = said(data.get("done_reason"))
    if reason is None:
        reason = "stop" if data.get("done") else None
    if reason is None:
        return None
    if reason == "stop":
        return "tool_calls" if called else "stop"
    return "length" if reason == "length" else "other"


def parse_usage(data: dict[str, Any]) -> Usage | None:
    """The tokens that Ollama counted; it does not say the prompt's if the prompt was in its cache."""
    if "eval_count" not in data and "prompt_eval_count" not in data:
        return None
    return Usage(data.get("prompt_eval_count") or 0, data.get("eval_count") or 0)
