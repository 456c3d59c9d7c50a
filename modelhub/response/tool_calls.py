"""The tools that a model wants called, whole and in the pieces of a stream."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from modelhub.overriding import override
from modelhub.wire import decode_json


class ToolCall:
    """A call the model asks for: ``id``, ``name`` and the decoded ``arguments``; ``to_result`` answers it."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self, id: str, name: str, arguments: dict[str, Any]) -> None:
        self.id = id
        self.name = name
        self.arguments = arguments

    def to_dict(self) -> dict[str, Any]:
        """The call as a message holds it, in OpenAI's shape: its arguments are JSON text."""
        arguments = json.dumps(self.arguments, ensure_ascii=False)
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": arguments}}

    def to_result(self, output: Any) -> dict[str, Any]:
        """The message that tells the model what the tool returned.

        A str goes as it is, an exception as ``Error: <class>: <message>``, anything else as JSON, where what JSON
        does not know becomes its ``str``.
        """
        if isinstance(output, BaseException):
            output = f"Error: {type(output).__name__}: {output}"
        elif not isinstance(output, str):
            output = json.dumps(output, ensure_ascii=False, default=str)
        return {"role": "tool", "tool_call_id": self.id, "content": output}

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ToolCall):
            return NotImplemented
        return (self.id, self.name, self.arguments) == (other.id, other.name, other.arguments)

    __hash__ = None  # type: ignore[assignment]

    @override
    def __repr__(self) -> str:
        return f"ToolCall(id={self.id!r}, name={self.name!r}, arguments={self.arguments!r})"


class ToolCallDelta:
    """A piece of a tool call in a stream: ``id`` and ``name`` come once, ``arguments`` in pieces of JSON text."""

    __slots__ = ("arguments", "id", "index", "name")

    def __init__(
        self, index: int | None = None, id: str | None = None, name: str | None = None, arguments: str = ""
    ) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.arguments = arguments

    @override
    def __repr__(self) -> str:
        return f"ToolCallDelta(index={self.index}, id={self.id!r}, name={self.name!r}, arguments={self.arguments!r})"


def split_tool_calls(calls: Iterable[ToolCall]) -> list[ToolCallDelta]:
    """Whole calls as the pieces of a stream, one for each."""
    return [
        ToolCallDelta(n, call.id, call.name, json.dumps(call.arguments, ensure_ascii=False))
        for n, call in enumerate(calls)
    ]


def make_call_id() -> str:
    """An id for a tool call that came without one; no other call of a conversation has it."""
    return f"call_{os.urandom(12).hex()}"


def build_tool_call(id: str | None, name: str | None, arguments: str | dict[str, Any] | None, n: int = 0) -> ToolCall:
    """A ToolCall from wire values; a missing id is made up, empty arguments become ``{}``.

    Raises ValueError when the arguments are not a JSON object.
    """
    if isinstance(arguments, str):
        try:
            arguments = decode_json(arguments) if arguments.strip() else {}
        except ValueError:
            raise ValueError(f"the arguments of tool call {name!r} are not JSON: {str(arguments)[:200]!r}") from None
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise ValueError(f"the arguments of tool call {name!r} are not a JSON object: {str(arguments)[:200]!r}")
    return ToolCall(id or make_call_id(), name or "", arguments)
