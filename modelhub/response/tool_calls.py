"""The tools that a model wants called, whole and in the pieces of a stream."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, overload

from modelhub.errors import ResponseParsingError
from modelhub.late import late
from modelhub.overriding import override
from modelhub.tracebacks import shortened
from modelhub.wire import decode_json, said

if TYPE_CHECKING:
    from modelhub.typed import running

    T = TypeVar("T")
    Functions = Callable[..., T] | Iterable[Callable[..., T]] | Mapping[str, Callable[..., T]]
else:
    running = late("modelhub.typed.running")


class ToolCall:
    """A call the model asks for: ``id``, ``name`` and the decoded ``arguments``; ``to_result`` answers it.

    ``run`` makes the call, where the tools are Python functions.
    """

    __slots__ = ("arguments", "id", "name")

    def __init__(self, id: str, name: str, arguments: dict[str, Any]) -> None:
        self.id = id
        self.name = name
        self.arguments = arguments

    @overload
    def run(self, functions: Functions[T]) -> T: ...
    @overload
    def run(self, functions: Iterable[object]) -> Any: ...
    @shortened
    def run(self, functions: Any) -> Any:
        """Call the one of ``functions`` that has the name of this call, and return what it returns.

        ``functions`` may be what was given as ``tools``, with tools that are no functions among them. The arguments are
        checked first, and enums, dataclasses and the like are built of them. An async function returns its awaitable.
        Raises ResponseParsingError, and calls nothing, if there is no such function, or if an argument is wrong or
        missing: it names both. What the function raises is raised as it is.
        """
        return running.run(self.name, self.arguments, functions)

    def to_dict(self) -> dict[str, Any]:
        """The call by its attributes, for JSON; ``to_message`` is the call as a message holds it."""
        from modelhub.jsonable import build_jsonable  # few programs write JSON

        return {name: build_jsonable(getattr(self, name)) for name in ("id", "name", "arguments")}

    def to_message(self) -> dict[str, Any]:
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


class MalformedToolCall(ToolCall):
    """A call that cannot be run: ``problem`` says why, and ``text`` is what the model wrote as its arguments."""

    __slots__ = ("problem", "text")

    def __init__(self, id: str, name: str, text: str, problem: str) -> None:
        super().__init__(id, name, {})
        self.text = text
        self.problem = problem

    @override
    def run(self, functions: Any) -> NoReturn:
        """Raise ResponseParsingError, which says what is wrong."""
        raise ResponseParsingError(self.problem)

    @override
    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "text": self.text, "problem": self.problem}


class ToolCallDelta:
    """A piece of a tool call in a stream: ``id`` and ``name`` come once, ``arguments`` in pieces of JSON text.

    The pieces of a ``custom`` tool's call are free text, which becomes its argument ``input``.
    """

    __slots__ = ("arguments", "custom", "id", "index", "name")

    def __init__(
        self,
        index: int | None = None,
        id: str | None = None,
        name: str | None = None,
        arguments: str = "",
        custom: bool = False,
    ) -> None:
        self.index = index
        self.id = id
        self.name = name
        self.arguments = arguments
        self.custom = custom

    def to_dict(self) -> dict[str, Any]:
        """The piece by its attributes, for JSON."""
        return {name: getattr(self, name) for name in ("index", "id", "name", "arguments")}

    @override
    def __repr__(self) -> str:
        return f"ToolCallDelta(index={self.index}, id={self.id!r}, name={self.name!r}, arguments={self.arguments!r})"


class ArrivingCall(ToolCallDelta):
    """What has arrived of a call; its arguments are joined when they are asked for, however many pieces there are."""

    __slots__ = ("_pieces",)
    _pieces: list[str]

    def __init__(self, piece: ToolCallDelta) -> None:
        super().__init__(piece.index, piece.id, piece.name, piece.arguments, piece.custom)

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
        ToolCallDelta(
            n,
            call.id,
            call.name,
            call.text if isinstance(call, MalformedToolCall) else json.dumps(call.arguments, ensure_ascii=False),
        )
        for n, call in enumerate(calls)
    ]


def build_tool_calls(parts: Iterable[tuple[Any, Any, Any]]) -> list[ToolCall] | None:
    """The calls for triples of id, name and arguments as a server told them; None if there are none.

    A call of which nothing was told is no call. One that cannot be run becomes a ``MalformedToolCall``, so that the
    others are not lost with it.
    """
    calls: list[ToolCall] = []
    for n, (id, name, arguments) in enumerate(parts):
        if not (id or name or arguments):
            continue
        try:
            call = build_tool_call(id, said(name), arguments, n)
            if not call.name:
                raise ValueError(f"a tool call has no name; its arguments are {_shorten(arguments)}")
        except ValueError as error:
            call = MalformedToolCall(id or make_call_id(), name or "", _as_text(arguments), str(error))
        calls.append(call)
    return calls or None


def make_call_id() -> str:
    """An id for a tool call that came without one; no other call of a conversation has it."""
    return f"call_{os.urandom(12).hex()}"


def build_tool_call(id: str | None, name: str | None, arguments: str | dict[str, Any] | None, n: int = 0) -> ToolCall:
    """A ToolCall from wire values; a missing id is made up, empty arguments become ``{}``.

    Arguments may be JSON text, also JSON text in JSON text. Raises ValueError when they are not a JSON object.
    """
    value: Any = arguments
    for _ in range(2):  # some servers encode twice
        if not isinstance(value, str):
            break
        try:
            value = decode_json(value) if value.strip() else {}
        except ValueError:
            raise ValueError(f"the arguments of tool call {name!r} are not JSON: {_shorten(arguments)}") from None
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise ValueError(f"the arguments of tool call {name!r} are not a JSON object: {_shorten(arguments)}")
    return ToolCall(id or make_call_id(), name or "", value)


def _as_text(arguments: Any) -> str:
    """Arguments as a server told them, as text."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False, default=str)


def _shorten(arguments: Any) -> str:
    return repr(_as_text(arguments)[:200])
