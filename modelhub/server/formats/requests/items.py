"""Reads the items of OpenAI's responses, of which the messages of a chat are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.server.formats.requests.fields import Fields, name_type, refuse, show
from modelhub.server.formats.requests.parts import parse_part
from modelhub.server.formats.requests.thoughts import add_thoughts

Message = dict[str, Any]
_ROLES = frozenset({"system", "developer", "user", "assistant"})


def parse_items(fields: Fields) -> list[Message]:
    """The messages of ``input``, a text or items; raises Failure, which names the item that is none."""
    given = fields.read("input", (str, list), "a string or a list of items")
    if not given:
        raise refuse("input is missing: it must be a string or a list that is not empty")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    talk = _Talk()
    for n, item in enumerate(given):
        inner = Fields(item, f"input[{n}]")
        kind = inner.read_text("type") or "message"
        if kind not in _ITEMS:
            raise refuse(f"{inner.find_place('type')} is {show(kind)}: there are {', '.join(_ITEMS)}")
        _ITEMS[kind](talk, inner)
    return talk.messages


class _Talk:
    """The messages so far; a thought belongs to the answer that follows it, and calls to the text before them."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.thought = ""

    def answer(self, content: Any) -> Message:
        message: Message = add_thoughts({"role": "assistant", "content": content}, self.thought)
        self.thought = ""
        self.messages.append(message)
        return message

    def call(self, call: Message) -> None:
        last = self.messages[-1] if self.messages and not self.thought else {}
        message = last if last.get("role") == "assistant" else self.answer(None)
        message.setdefault("tool_calls", []).append(call)


def _message(talk: _Talk, fields: Fields) -> None:
    role = fields.need_word("role", _ROLES)
    content, place = fields.given.get("content"), fields.find_place("content")
    if isinstance(content, list):
        content = [parse_piece(Fields(part, f"{place}[{n}]")) for n, part in enumerate(content)]
    elif not isinstance(content, str):
        raise refuse(f"{place} must be a string or a list of parts, not {name_type(content)}")
    if role == "assistant":
        talk.answer(content)
    else:
        talk.messages.append({"role": role, "content": content})


def parse_piece(fields: Fields) -> Message:
    """A part of a message, as chats have it."""
    kind = fields.need_text("type")
    if kind in ("input_text", "output_text", "text"):
        return {"type": "text", "text": fields.read_text("text") or ""}
    if kind == "input_image":
        if fields.given.get("file_id") is not None:
            raise refuse(f"{fields.find_place('file_id')} is not taken: send image_url, a data: URI or a public URL")
        inner = {"url": fields.given.get("image_url"), "detail": fields.read_text("detail")}
        return parse_part(Fields({"type": "image_url", "image_url": inner}, fields.place))
    if kind == "input_file":
        names = ("file_data", "file_id", "filename")
        file = {name: fields.given.get(name) for name in names}
        if fields.given.get("file_url") is not None:
            file["file_data"] = fields.given["file_url"]
        return parse_part(Fields({"type": "file", "file": file}, fields.place))
    return parse_part(fields)


def _call(talk: _Talk, fields: Fields) -> None:
    function = {"name": fields.need_text("name"), "arguments": fields.read_text("arguments") or "{}"}
    talk.call({"id": fields.need_text("call_id"), "type": "function", "function": function})


def _custom_call(talk: _Talk, fields: Fields) -> None:
    custom = {"name": fields.need_text("name"), "input": fields.read_text("input") or ""}
    talk.call({"id": fields.need_text("call_id"), "type": "custom", "custom": custom})


def _output(talk: _Talk, fields: Fields) -> None:
    output, place = fields.given.get("output"), fields.find_place("output")
    if isinstance(output, list):
        output = [parse_piece(Fields(part, f"{place}[{n}]")) for n, part in enumerate(output)]
    elif not isinstance(output, str):
        raise refuse(f"{place} must be a string or a list of parts, not {name_type(output)}")
    talk.messages.append({"role": "tool", "tool_call_id": fields.need_text("call_id"), "content": output})


def _reasoning(talk: _Talk, fields: Fields) -> None:
    talk.thought += "".join(part.read_text("text") or "" for part in fields.list_items("content"))


_ITEMS: dict[str, Callable[[_Talk, Fields], None]] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _output,
    "custom_tool_call": _custom_call,
    "custom_tool_call_output": _output,
    "reasoning": _reasoning,
}
