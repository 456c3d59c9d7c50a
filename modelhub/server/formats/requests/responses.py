"""Reads OpenAI's responses, as far as chats go: https://platform.openai.com/docs/api-reference/responses/create"""

from __future__ import annotations

from typing import Any

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Wanted
from modelhub.server.formats.requests.fields import Fields, Read, read_all, refuse, show
from modelhub.server.formats.requests.items import parse_items
from modelhub.server.formats.requests.openai import HINTS, name_custom
from modelhub.server.formats.requests.options import drop_none, read_extra

_OPTIONS: dict[str, Read] = {
    "temperature": Fields.read_number,
    "top_p": Fields.read_number,
    "parallel_tool_calls": Fields.read_flag,
    "tool_choice": Fields.read_word_or_object,
}
_EXTRA: dict[str, Read] = {"top_logprobs": Fields.read_integer}
# What needs a memory, or more than one answer of a model.
_REFUSED = {
    "previous_response_id": "answers are not kept here: send the whole conversation as input",
    "conversation": "conversations are not kept here: send all of it as input",
    "background": "answers are not kept here: ask without background, or as a stream",
    "prompt": "there are no stored prompts here: send instructions and input",
    "max_tool_calls": "there are no tools of the server's own here",
}
_OWN = (
    *("model", "input", "instructions", "tools", "text", "reasoning", "max_output_tokens", "stream", "store"),
    *("include", "truncation", "stream_options", *_REFUSED),
)
_IGNORED = frozenset({"reasoning.encrypted_content"})  # of what may be included: nothing is encrypted here
_ECHOED = (
    "instructions",
    "metadata",
    "temperature",
    "top_p",
    "max_output_tokens",
    "tools",
    "tool_choice",
    "text",
    "user",
)


def parse_response(ask: Ask) -> Wanted:
    """What a request of ``/v1/responses`` wants; raises Failure, which names what is wrong."""
    fields = Fields(ask.body)
    _refuse_memory(fields)
    model = fields.need_text("model")
    instructions = fields.read_text("instructions")
    messages = [{"role": "system", "content": instructions}] if instructions else []
    messages += parse_items(fields)
    tools = [parse_tool(tool) for tool in fields.list_items("tools")]
    text, reasoning = fields.read_fields("text"), fields.read_fields("reasoning")
    form = text and text.read_fields("format")
    options = drop_none(
        {
            "tools": tools or None,
            "max_tokens": fields.read_integer("max_output_tokens", 1),
            "response_format": form and parse_format(form),
        }
    )
    hints = {
        "reasoning_effort": reasoning and reasoning.read_text("effort"),
        "verbosity": text and text.read_text("verbosity"),
    }
    known = {*_OPTIONS, *HINTS, *_EXTRA, *_OWN}
    return Wanted(
        model,
        "chat",
        messages,
        {**read_all(fields, _OPTIONS), **options},
        hints={**read_all(fields, HINTS), **drop_none(hints)},
        extra={**read_all(fields, _EXTRA), **read_extra(fields, known)},
        form={"custom": name_custom(tools), "echo": {name: fields.given.get(name) for name in _ECHOED}},
        stream=bool(fields.read_flag("stream")),
    )


def _refuse_memory(fields: Fields) -> None:
    for name, why in _REFUSED.items():
        if fields.given.get(name) not in (None, False):
            raise refuse(f"{name} is not taken: {why}")
    if fields.read_flag("store"):
        raise refuse("store is not taken: answers are not kept here")
    if (fields.read_text("truncation") or "disabled") != "disabled":
        raise refuse("truncation must be disabled: a conversation that is too long is refused")
    others = [name for name in fields.read_texts("include") or () if name not in _IGNORED]
    if others:
        raise refuse(f"include: there is no {show(others[0])} here")
    fields.read_object("stream_options")


def parse_tool(fields: Fields) -> dict[str, Any]:
    """A tool as chats have it; the server has none of its own."""
    kind = fields.need_word("type", ("function", "custom"))
    names = ("description", "parameters", "strict") if kind == "function" else ("description", "format")
    inner = {name: fields.given[name] for name in names if fields.given.get(name) is not None}
    return {"type": kind, kind: {"name": fields.need_text("name"), **inner}}


def parse_format(fields: Fields) -> dict[str, Any]:
    """The ``response_format`` of chats."""
    kind = fields.need_word("type", ("text", "json_object", "json_schema"))
    if kind != "json_schema":
        return {"type": kind}
    if fields.read_object("schema") is None:
        raise refuse(f"{fields.find_place('schema')} is missing: it must be an object")
    names = ("name", "description", "schema", "strict")
    return {"type": kind, kind: drop_none({name: fields.given.get(name) for name in names})}
