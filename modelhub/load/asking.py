"""Asks a model once and notes when its answer came."""

from __future__ import annotations

from array import array
from asyncio import get_running_loop
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelhub.response import ModelResponse
from modelhub.response.streamed import StreamedResponse


@dataclass(slots=True)
class Answer:
    """What is known of an answer: when its pieces came, by the clock of the event loop, and how many tokens it has."""

    first: float | None = None
    gaps: array[float] = field(default_factory=lambda: array("d"))
    output_tokens: int | None = None


class Asker:
    """Asks ``model`` with a prompt for each call, by its number, and the same options."""

    def __init__(self, model: Any, build_prompt: Callable[[int], Any], options: Mapping[str, Any]) -> None:
        self._model = model
        self._build_prompt = build_prompt
        self._options = options

    async def ask(self, number: int) -> Answer:
        """Make one call; raises what it fails with."""
        response = await self._model.acall(self._build_prompt(number), **self._options)
        answer = Answer()
        pieces = await _read(response, answer) if isinstance(response, StreamedResponse) else None
        usage = response.usage if isinstance(response, ModelResponse) else None
        if self._model.task == "chat":
            answer.output_tokens = usage.completion_tokens if usage is not None else pieces
        return answer


async def _read(response: StreamedResponse, answer: Answer) -> int:
    """Read a stream to its end; the number of pieces that bring something."""
    clock = get_running_loop().time
    last = 0.0
    pieces = 0
    async for delta in response:
        if not (delta.text or delta.reasoning or delta.tool_calls or delta.refusal):
            continue
        now = clock()
        if answer.first is None:
            answer.first = now
        else:
            answer.gaps.append(now - last)
        last = now
        pieces += 1
    return pieces
