"""Tool calls as services tell them: triples of id, name and arguments."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from modelhub.response import ToolCall, ToolCallDelta
from modelhub.response.tool_calls import build_tool_calls, split_tool_calls

Told = tuple[Any, Any, Any]


def build_calls(told: Iterable[Told]) -> list[ToolCall]:
    """The calls that were told; one that cannot be run is a ``MalformedToolCall``."""
    complete = (
        (id or (make_call_id() if name or arguments else None), name, {} if arguments == [] else arguments)
        for id, name, arguments in told
    )
    return build_tool_calls(complete) or []


def make_call_id() -> str:
    """An id for a call without one: ``call_`` and a number that no other call of a conversation has."""
    return f"call_{int.from_bytes(os.urandom(12), 'big') % 10**24:024d}"


def split_calls(calls: Iterable[ToolCall], begun: int, known: set[str]) -> list[ToolCallDelta]:
    """Whole calls as the pieces of a stream in which ``begun`` calls have come; those of ``known`` ids are left out."""
    new = []
    for call in calls:
        if call.id not in known:
            known.add(call.id)
            new.append(call)
    pieces = split_tool_calls(new)
    for index, piece in enumerate(pieces, begun):
        piece.index = index
    return pieces
