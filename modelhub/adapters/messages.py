"""Messages as a private service wants them: its names of roles and keys, its form of content, its place of system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from modelhub.adapters.prompts import Said, compile_prompt
from modelhub.errors import BadRequestError
from modelhub.wire import decode_json, encode_json

Message = dict[str, Any]
Numbered = Sequence[tuple[int, Message]]  # each message with its number among those of the call

_SAME = {"developer": "system", "function": "tool"}  # roles that are another one under a name of their own


class Layout:
    """How messages are laid out, from the key ``messages`` of a config."""

    def __init__(self, given: Mapping[str, Any] | None, where: str) -> None:
        given = given or {}
        roles = given.get("roles") or {}
        named = {role: roles.get(role) or role for role in ("system", "user", "assistant", "tool")}
        others = {role: roles.get(role) or named[same] for role, same in _SAME.items()}
        self._roles: dict[str, str] = {**named, **others}
        self._fields = {name: new for name, new in (given.get("fields") or {}).items() if name != new}
        self._content: str = given.get("content") or "text"
        self._system: str = given.get("system") or "inline"
        self._objects = given.get("arguments") == "object"
        kept = not self._fields and self._content != "parts"
        self._same = {role for role, called in self._roles.items() if called == role and kept} - self._with_calls()
        self._template = compile_prompt(given.get("template") or "plain", named["assistant"], f"{where}.template")
        self.tools: str = given.get("tools") or "openai"
        self.is_prompt = given.get("layout") == "prompt"

    def _with_calls(self) -> set[str]:
        """The roles of messages that may have calls which are to be written otherwise."""
        return {"assistant"} if self._objects else set()

    def lay_out(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages as they are sent; those that need no change are the same objects."""
        if self._system == "inline":
            same, shape = self._same, self._shape
            return [
                message
                if message["role"] in same and isinstance(message.get("content"), str)
                else shape(number, message)
                for number, message in enumerate(messages)
            ]
        return [self._shape(number, message) for number, message in self._place_system(messages)]

    def lay_out_turns(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages as they are sent, without those of the system."""
        return [self._shape(number, message) for number, message in _find_turns(messages)]

    def find_system(self, messages: Sequence[Message]) -> str | None:
        """The texts of the system's messages, with a blank line between them; None if there are none."""
        texts = [_read_text(number, each.get("content")) for number, each in enumerate(messages) if _is_system(each)]
        return "\n\n".join(filter(None, texts)) or None

    def write_prompt(self, messages: Sequence[Message]) -> str:
        """The messages as one text."""
        numbered = enumerate(messages) if self._system == "inline" else self._place_system(messages)
        return self._template.write([self._say(number, message) for number, message in numbered])

    def _say(self, number: int, message: Message) -> Said:
        role: str = message["role"]
        text = _read_text(number, message.get("content"))
        calls = [_write_call(call) for call in message.get("tool_calls") or ()]
        return Said(_SAME.get(role, role), self._roles.get(role, role), "\n".join(filter(None, [text, *calls])))

    def _place_system(self, messages: Sequence[Message]) -> Numbered:
        """The messages without the system's, whose text is before the first of the user if the config wants that."""
        turns = _find_turns(messages)
        system = self.find_system(messages) if self._system == "first_user" else None
        if system is None:
            return turns
        for place, (number, message) in enumerate(turns):
            if message["role"] == "user":
                content = _put_before(system, message.get("content"))
                return [*turns[:place], (number, {**message, "content": content}), *turns[place + 1 :]]
        return [(0, {"role": "user", "content": system}), *turns]

    def _shape(self, number: int, message: Message) -> Message:
        role, content = message["role"], message.get("content")
        called = self._roles.get(role, role)
        shaped = message
        if called != role:
            shaped = {**shaped, "role": called}
        if isinstance(content, str):
            if self._content == "parts":
                shaped = {**shaped, "content": [{"type": "text", "text": content}]}
        elif content is not None and (self._content == "text" or (self._content == "auto" and _are_texts(content))):
            shaped = {**shaped, "content": _read_text(number, content)}
        if self._objects and message.get("tool_calls"):
            shaped = {**shaped, "tool_calls": _read_calls(number, message["tool_calls"])}
        if not self._fields:
            return shaped
        fields = self._fields
        pairs = ((fields.get(name, name), value) for name, value in shaped.items())
        return {name: value for name, value in pairs if name is not None}


def _is_system(message: Message) -> bool:
    return message["role"] in ("system", "developer")


def _find_turns(messages: Sequence[Message]) -> list[tuple[int, Message]]:
    return [(number, message) for number, message in enumerate(messages) if not _is_system(message)]


def find_last_text(messages: Sequence[Message]) -> str | None:
    """The last text of the user; None if the user has said none."""
    for number in range(len(messages) - 1, -1, -1):
        if messages[number]["role"] == "user":
            content = messages[number].get("content")
            if isinstance(content, str):
                return content
            texts = [part["text"] for part in content or () if _is_text(part)]
            if texts:
                return "".join(texts)
    return None


def _is_text(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _are_texts(content: Any) -> bool:
    return isinstance(content, list) and all(_is_text(part) for part in content)


def _read_text(number: int, content: Any) -> str:
    """The text of a content; raises BadRequestError for a part that is no text."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise BadRequestError(f"messages[{number}].content is no text, and this config sends nothing else")
    for place, part in enumerate(content):
        if not _is_text(part):
            kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
            where = f"messages[{number}].content[{place}]"
            hint = 'with messages.content "auto" or "parts" it would be sent'
            raise BadRequestError(f"{where} is no text but {kind!r}, and this config sends text alone: {hint}")
    return "".join(part["text"] for part in content)


def _put_before(system: str, content: Any) -> Any:
    if not isinstance(content, list):
        return f"{system}\n\n{content}" if content else system
    for place, part in enumerate(content):
        if _is_text(part):
            return [*content[:place], {**part, "text": f"{system}\n\n{part['text']}"}, *content[place + 1 :]]
    return [{"type": "text", "text": system}, *content]


def _read_calls(number: int, calls: Sequence[Any]) -> list[Any]:
    """Tool calls whose arguments are objects."""
    read = []
    for place, call in enumerate(calls):
        function = call.get("function")
        if isinstance(function, Mapping) and isinstance(function.get("arguments"), str):
            try:
                arguments = decode_json(function["arguments"])
            except ValueError:
                arguments = None
            if not isinstance(arguments, dict):
                where = f"messages[{number}].tool_calls[{place}].function.arguments"
                raise BadRequestError(f"{where} is no JSON object, which messages.arguments asks for")
            call = {**call, "function": {**function, "arguments": arguments}}
        read.append(call)
    return read


def _write_call(call: Mapping[str, Any]) -> str:
    """A tool call within a prompt."""
    function = call.get("function") or call.get("custom") or {}
    arguments = function.get("arguments", function.get("input"))
    if isinstance(arguments, str):
        with suppress(ValueError):
            arguments = decode_json(arguments)
    return encode_json({"name": function.get("name"), "arguments": arguments}).decode()
