"""Reads Anthropic's messages: https://platform.claude.com/docs/en/api/messages"""

from __future__ import annotations

from typing import Any

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Wanted
from modelhub.server.formats.requests.anthropic_blocks import parse_blocks, parse_system
from modelhub.server.formats.requests.fields import Fields, Read, read_all, refuse
from modelhub.server.formats.requests.options import drop_none, read_extra
from modelhub.server.formats.requests.thoughts import add_thoughts

_ROLES = frozenset({"user", "assistant"})
_OPTIONS: dict[str, Read] = {
    "max_tokens": lambda fields, name: fields.read_integer(name, 1),
    "temperature": Fields.read_number,
    "top_p": Fields.read_number,
    "tools": Fields.read_objects,
    "tool_choice": Fields.read_object,
}
_HINTS: dict[str, Read] = {
    "thinking": Fields.read_object,
    "metadata": Fields.read_object,
    "service_tier": Fields.read_text,
    "context_management": Fields.read_object,
}
_EXTRA: dict[str, Read] = {"top_k": Fields.read_integer}
_OWN = ("model", "messages", "system", "stream", "stop_sequences", "output_config", "output_format")


def parse_messages(ask: Ask) -> Wanted:
    """What a request of ``/v1/messages`` wants; raises Failure, which names what is wrong."""
    fields = Fields(ask.body)
    if fields.given.get("max_tokens") is None:
        raise refuse("max_tokens is missing: it must be an integer")
    return _parse(fields, "chat", bool(fields.read_flag("stream")))


def parse_count(ask: Ask) -> Wanted:
    """What a request of ``/v1/messages/count_tokens`` wants; raises Failure, which names what is wrong."""
    return _parse(Fields(ask.body), "tokens", False)


def _parse(fields: Fields, task: str, stream: bool) -> Wanted:
    model = fields.need_text("model")
    turns = [parse_turn(Fields(one, f"messages[{n}]")) for n, one in enumerate(fields.need_list("messages"))]
    options = read_all(fields, _OPTIONS)
    config = fields.read_fields("output_config")
    form = fields.read_fields("output_format") or (config and config.read_fields("format"))
    options |= drop_none({"stop": fields.read_texts("stop_sequences"), "response_format": form and _parse_format(form)})
    hints = read_all(fields, _HINTS)
    if config is not None and (effort := config.read_text("effort")) is not None:
        hints["output_config"] = {"effort": effort}
    extra = {**read_all(fields, _EXTRA), **read_extra(fields, {*_OPTIONS, *_HINTS, *_EXTRA, *_OWN})}
    return Wanted(model, task, [*parse_system(fields), *turns], options, hints, extra, stream=stream)


def _parse_format(fields: Fields) -> dict[str, Any]:
    """OpenAI's ``response_format`` for the one that Anthropic has."""
    fields.need_word("type", ("json_schema",))
    schema = fields.read_object("schema")
    if schema is None:
        raise refuse(f"{fields.find_place('schema')} is missing: it must be an object")
    return {"type": "json_schema", "json_schema": {"schema": schema}}


def parse_turn(fields: Fields) -> dict[str, Any]:
    """One message: its blocks stay Anthropic's, which all models take; thoughts that nobody signed are their text."""
    role = fields.need_word("role", _ROLES)
    content = fields.given.get("content")
    if isinstance(content, str):
        return {"role": role, "content": content}
    blocks = parse_blocks(fields.need_list("content"), fields.find_place("content"))
    unsigned = [block["thinking"] for block in blocks if is_unsigned(block)]
    turn: dict[str, Any] = {"role": role, "content": [block for block in blocks if not is_unsigned(block)]}
    return add_thoughts(turn, "".join(unsigned)) if role == "assistant" else turn


def is_unsigned(block: dict[str, Any]) -> bool:
    """Whether a block is a thought of a vendor that signs none."""
    return block["type"] == "thinking" and not block["signature"]
