"""The mock's answers as responses, which the writers of the protocols write."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson

from modelhub.response import ModelResponse, ToolCall, ToolCallDelta, Usage
from modelhub.server.formats.answers import Answer, split_pieces


def build_response(answer: Answer, usage: Usage | None = None) -> ModelResponse:
    """An answer as a whole response."""
    return ModelResponse(
        answer.text,
        reasoning=answer.reasoning or None,
        tool_calls=[ToolCall(call.id, call.name, call.arguments) for call in answer.tool_calls] or None,
        finish_reason=answer.finish_reason,
        usage=usage,
    )


def build_responses(answer: Answer, cut: Callable[[str], list[str]]) -> Iterator[ModelResponse]:
    """An answer as deltas: one word at a time; of a tool call, first its name, then its arguments, ``cut``."""
    for piece in split_pieces(answer.reasoning):
        yield ModelResponse("", reasoning=piece)
    for piece in split_pieces(answer.text):
        yield ModelResponse(piece)
    for n, call in enumerate(answer.tool_calls):
        yield ModelResponse("", tool_calls=[ToolCallDelta(n, call.id, call.name)])
        for piece in cut(orjson.dumps(call.arguments).decode()):
            yield ModelResponse("", tool_calls=[ToolCallDelta(n, arguments=piece)])


def cut_short(text: str) -> list[str]:
    """A text in thirds, but of no more than 12 letters."""
    return cut_pieces(text, min(max(len(text) // 3, 1), 12))


def cut_thirds(text: str) -> list[str]:
    """A text in thirds and what is left; the empty object is nothing."""
    return [] if text == "{}" else cut_pieces(text, max(len(text) // 3, 1))


def cut_pieces(text: str, size: int) -> list[str]:
    """A text in pieces of so many letters."""
    return [text[start : start + size] for start in range(0, len(text), size)]
