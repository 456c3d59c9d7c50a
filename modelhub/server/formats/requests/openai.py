"""Reads chat completions: https://platform.openai.com/docs/api-reference/chat/create"""

from __future__ import annotations

from typing import Any

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Wanted
from modelhub.server.formats.requests.anthropic_blocks import THOUGHTS, parse_blocks
from modelhub.server.formats.requests.fields import Fields, Read, read_all, refuse
from modelhub.server.formats.requests.options import read_extra
from modelhub.server.formats.requests.parts import parse_content
from modelhub.server.formats.requests.thoughts import add_thoughts

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
# For any model, which says itself what it cannot do.
OPTIONS: dict[str, Read] = {
    "temperature": Fields.read_number,
    "top_p": Fields.read_number,
    "max_tokens": Fields.read_integer,
    "max_completion_tokens": Fields.read_integer,
    "stop": Fields.read_stop,
    "seed": Fields.read_integer,
    "tools": Fields.read_objects,
    "tool_choice": Fields.read_word_or_object,
    "parallel_tool_calls": Fields.read_flag,
    "functions": Fields.read_objects,
    "function_call": Fields.read_word_or_object,
    "response_format": Fields.read_object,
}
# What a model that does not know it may do without.
HINTS: dict[str, Read] = {
    "reasoning_effort": Fields.read_text,
    "verbosity": Fields.read_text,
    "user": Fields.read_text,
    "metadata": Fields.read_object,
    "store": Fields.read_flag,
    "service_tier": Fields.read_text,
    "prompt_cache_key": Fields.read_text,
    "prompt_cache_retention": Fields.read_text,
    "safety_identifier": Fields.read_text,
}
_EXTRA: dict[str, Read] = {
    "presence_penalty": Fields.read_number,
    "frequency_penalty": Fields.read_number,
    "logit_bias": Fields.read_object,
    "logprobs": Fields.read_flag,
    "top_logprobs": Fields.read_integer,
    "prediction": Fields.read_object,
    "web_search_options": Fields.read_object,
}
_OWN = ("model", "messages", "stream", "stream_options", "n", "modalities", "audio")


def parse_chat(ask: Ask) -> Wanted:
    """What a request of ``/v1/chat/completions`` wants; raises Failure, which names what is wrong."""
    fields = Fields(ask.body)
    model = fields.need_text("model")
    messages = [parse_message(Fields(one, f"messages[{n}]")) for n, one in enumerate(fields.need_list("messages"))]
    if (fields.read_integer("n") or 1) != 1:
        raise refuse("n must be 1: one request gets one answer here")
    if fields.read_object("audio") is not None or set(fields.read_texts("modalities") or ()) - {"text"}:
        raise refuse("modalities: answers are texts here, not audio")
    stream_options = fields.read_fields("stream_options")
    options = read_all(fields, OPTIONS)
    extra = read_all(fields, _EXTRA)
    known = {*OPTIONS, *HINTS, *_EXTRA, *_OWN}
    return Wanted(
        model,
        "chat",
        messages,
        options,
        hints=read_all(fields, HINTS),
        extra={**extra, **read_extra(fields, known)},
        form={
            "counted": bool(stream_options and stream_options.read_flag("include_usage")),
            "logprobs": bool(extra.get("logprobs")),
            "custom": name_custom(options.get("tools")),
        },
        stream=bool(fields.read_flag("stream")),
    )


def name_custom(tools: list[dict[str, Any]] | None) -> frozenset[str]:
    """The names of the tools whose input is free text."""
    inner = [tool.get("custom") for tool in tools or () if tool.get("type") == "custom"]
    names = [one.get("name") for one in inner if isinstance(one, dict)]
    return frozenset(name for name in names if isinstance(name, str))


def parse_message(fields: Fields) -> dict[str, Any]:
    """One message, of the fields that mean something to models; others, as answers have them, are left out."""
    role = fields.need_word("role", _ROLES)
    message: dict[str, Any] = {"role": role, "content": parse_content(fields.given.get("content"), _content(fields))}
    if (name := fields.read_text("name")) is not None:
        message["name"] = name
    if role == "tool":
        message["tool_call_id"] = fields.need_text("tool_call_id")
    if role != "assistant":
        if message["content"] is None:
            raise refuse(f"{_content(fields)} is missing: it must be a string or a list of parts")
        return message
    message = add_thoughts(message, fields.read_text("reasoning_content"))
    thoughts = parse_blocks(fields.read_list("thinking_blocks") or [], fields.find_place("thinking_blocks"))
    if signed := [block for block in thoughts if block["type"] in THOUGHTS and block.get("signature") != ""]:
        message["thinking_blocks"] = signed
    if (refusal := fields.read_text("refusal")) is not None:
        message["refusal"] = refusal
    calls = [parse_call(call) for call in fields.list_items("tool_calls")]
    if calls:
        message["tool_calls"] = calls
    if (old := fields.read_fields("function_call")) is not None:
        message["function_call"] = _parse_function(old)
    if (audio := fields.read_fields("audio")) is not None:
        message["audio"] = {"id": audio.need_text("id")}
    return message


def _content(fields: Fields) -> str:
    return fields.find_place("content")


def parse_call(fields: Fields) -> dict[str, Any]:
    """A tool call of an earlier answer."""
    ident = fields.need_text("id")
    custom = fields.read_fields("custom")
    if custom is not None:
        inner = {"name": custom.need_text("name"), "input": custom.read_text("input") or ""}
        return {"id": ident, "type": "custom", "custom": inner}
    function = Fields(fields.given.get("function"), fields.find_place("function"))
    return {"id": ident, "type": "function", "function": _parse_function(function)}


def _parse_function(fields: Fields) -> dict[str, Any]:
    return {"name": fields.need_text("name"), "arguments": fields.read_word_or_object("arguments") or "{}"}
