"""The tool calls of a stream, numbered from 0 in the order in which they come, whatever numbers their vendor gives."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from modelhub.response import ModelResponse, ToolCall, ToolCallDelta
from modelhub.response.accumulator import Accumulator
from modelhub.response.tool_calls import split_tool_calls


def list_pieces(delta: ModelResponse, custom: Collection[str] = ()) -> list[ToolCallDelta]:
    """The pieces of tool calls in a delta; a response that came whole has whole ones. ``custom`` tools take a text."""
    calls: list[Any] = [*(delta.tool_calls or ())]
    if not calls or not isinstance(calls[0], ToolCall):
        return calls
    pieces = split_tool_calls(calls)
    for call, piece in zip(calls, pieces, strict=True):
        if call.name in custom:
            piece.custom, piece.arguments = True, str(call.arguments.get("input", ""))
    return pieces


class Numbering:
    """Which call each piece is of; it also gathers the pieces."""

    __slots__ = ("_so_far",)

    def __init__(self) -> None:
        self._so_far = Accumulator()

    def number(self, piece: ToolCallDelta) -> tuple[int, bool]:
        """The number of the call that ``piece`` belongs to, and whether it is its first."""
        calls = self._so_far.calls
        before = len(calls)
        self._so_far.add(ModelResponse(tool_calls=[piece]))
        if len(calls) > before:
            return before, True
        if piece.index is None:
            return before - 1, False
        return next(n for n in reversed(range(before)) if calls[n].index == piece.index), False

    def find_arguments(self, n: int) -> str:
        """What has come of the arguments of a call."""
        return self._so_far.calls[n].arguments

    def __len__(self) -> int:
        return len(self._so_far.calls)
