"""The tools that a model wants called, whole and in the pieces of a stream."""

from __future__ import annotations

import json
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


class ArrivingCall(ToolCallDelta):
    """What has arrived of a call; its arguments are joined when they are asked for, however many pieces there are."""

    __slots__ = ("_pieces",)
    _pieces: list[str]

    def __init__(self, piece: ToolCallDelta) -> None:
        super().__init__(piece.index, piece.id, piece.name, piece.arguments)

    @property  # type: ignore[explicit-override]  # mypy overlooks the mark of a property that has a setter
    @override
    def arguments(self) -> str:
        """The JSON text so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    @arguments.setter
    def arguments(self, text: str) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._pieces = [text]

    def add(self, piece: ToolCallDelta) -> None:
        """Take in the next piece."""
        self.id = self.id or piece.id
        self.name = self.name or piece.name
        self._pieces.append(piece.arguments)


def split_tool_calls(calls: Iterable[ToolCall]) -> list[ToolCallDelta]:
    """Whole calls as the pieces of a stream, one for each."""
    return [
        ToolCallDelta(n, call.id, call.name, json.dumps(call.arguments, ensure_ascii=False))
        for n, call in enumerate(calls)
    ]


def build_tool_call(id: str | None, name: str | None, arguments: str | dict[str, Any] | None, n: int = 0) -> ToolCall:
    """A ToolCall from wire values; a missing id becomes ``call_<n>``, empty arguments ``{}``.

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
    return ToolCall(id or f"call_{n}", name or "", arguments)
