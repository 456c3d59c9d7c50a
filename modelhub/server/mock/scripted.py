"""Reads what a script says: a text, the parts of an answer, a response, or a raw reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from modelhub.response import ModelResponse
from modelhub.response import ToolCall as ResponseCall
from modelhub.server.formats.answers import Answer, ToolCall
from modelhub.server.formats.replies import Reply, Stream

Scripted = str | Mapping[str, Any] | ModelResponse
_RAW_KEYS = frozenset({"status", "headers", "body", "chunks", "end", "delay_s"})
_ANSWER_KEYS = frozenset({"text", "reasoning", "tool_calls", "finish_reason", "embedding", "image_urls", "parsed"})
_CALL = '{"name": "get_weather", "arguments": {"city": "Paris"}}'


def build_scripted(answer: Scripted) -> Answer | Reply:
    """Read an answer: a text, a response, a dict of parts (``text``, ``tool_calls``...) or a raw reply (``status``...).

    A raw reply may also have ``end`` ("abrupt" or "reset_before") and ``delay_s``. Raises ValueError for anything else.
    """
    if isinstance(answer, Mapping) and answer and answer.keys() <= _RAW_KEYS:
        return _build_raw(answer)
    return build_answer(answer)


def build_answer(answer: Scripted) -> Answer:
    """Read an answer that is no raw reply; ``parsed`` is written as the text, in JSON."""
    if isinstance(answer, str):
        return Answer(answer)
    if isinstance(answer, ModelResponse):
        names = _ANSWER_KEYS - {"parsed"} if answer.text else _ANSWER_KEYS
        answer = {name: getattr(answer, name) for name in names}
    if not isinstance(answer, Mapping):
        raise ValueError(f"an answer is a text or a dict, not {type(answer).__name__}: write JSON as {{'parsed': ...}}")
    if not answer or not answer.keys() <= _ANSWER_KEYS:
        known = f"{sorted(_ANSWER_KEYS)}, a raw reply of {sorted(_RAW_KEYS)}"
        raise ValueError(f"an answer has keys of {known}; write JSON as {{'parsed': ...}}")
    calls = tuple(_build_call(index, call) for index, call in enumerate(answer.get("tool_calls") or ()))
    parsed = answer.get("parsed")
    return Answer(
        answer.get("text") or "" if parsed is None else orjson.dumps(parsed).decode(),
        answer.get("reasoning") or "",
        calls,
        answer.get("finish_reason") or ("tool_calls" if calls else "stop"),
        answer.get("embedding") or (),
        answer.get("image_urls") or (),
    )


def _build_call(index: int, call: Any) -> ToolCall:
    if isinstance(call, ResponseCall):
        call = {"id": call.id, "name": call.name, "arguments": call.arguments}
    if not isinstance(call, Mapping) or not isinstance(call.get("name"), str):
        raise ValueError(f"a tool call is written as {_CALL}")
    arguments = call.get("arguments") or {}
    if not isinstance(arguments, Mapping):
        raise ValueError(f"the arguments of a tool call are a dict, as in {_CALL}")
    return ToolCall(call.get("id") or f"call_mock{index}", call["name"], dict(arguments))


def _build_raw(raw: Mapping[str, Any]) -> Reply:
    headers = {name.lower(): str(value) for name, value in (raw.get("headers") or {}).items()}
    chunks = raw.get("chunks")
    kind = headers.pop("content-type", "application/json")
    end = raw.get("end")
    return Reply(
        status=raw.get("status") or 200,
        body=_build_bytes(raw.get("body") or b""),
        stream=None if chunks is None else Stream(deltas=tuple(map(_build_bytes, chunks))),
        headers=headers,
        content_type=kind,
        ending="cut" if end == "abrupt" else "reset" if end == "reset_before" else "whole",
        delay=raw.get("delay_s") or 0.0,
    )


def _build_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else orjson.dumps(value)
