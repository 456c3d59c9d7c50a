"""Texts that come cumulatively, as AgentScope's wrappers give them: each time all that there is so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.overriding import override
from modelhub.response.accumulator import Accumulator
from modelhub.response.arrival import Arrival
from modelhub.response.response import ModelResponse
from modelhub.response.streamed import StreamedResponse
from modelhub.response.tool_calls import ToolCall, split_tool_calls


class CumulativeAccumulator(Accumulator):
    """Gathers what a generator yields, whether each item has the whole text so far or only its next piece.

    After an item that does not go on from what has come, all are taken for pieces.
    """

    __slots__ = ("pieces",)

    @override
    def restart(self) -> None:
        super().restart()
        self.pieces = False

    @override
    def add(self, delta: ModelResponse) -> None:
        """Take in one item; its text counts as far as it goes on from what has come."""
        before = "" if self.pieces else "".join(self.text)
        text = delta.text or ""
        if text and not text.startswith(before):
            self.pieces = True
        new = ModelResponse(
            self.grow(before, text)[len(before) :], raw=delta.raw, usage=delta.usage, refusal=delta.refusal
        )
        thought = "" if self.pieces else "".join(self.reasoning)
        new.reasoning = self.grow(thought, delta.reasoning)[len(thought) :] if delta.reasoning else None
        calls: Any = delta.tool_calls or []
        if any(isinstance(call, ToolCall) for call in calls):  # whole ones: all that there are
            self.calls = []
            calls = split_tool_calls(calls)
        new.tool_calls = calls
        super().add(new)
        for name in ("finish_reason", "image_urls", "model", "parsed", "request_id"):
            value = getattr(delta, name)
            if value is not None:
                setattr(self, name, value)

    @override
    def grow(self, before: str, text: str) -> str:
        """The text so far after ``text``, which may be all of it or only what is new."""
        return text if text.startswith(before) and not self.pieces else before + text


class CumulativeSource:
    """Turns an iterator of cumulative texts into deltas."""

    def __init__(self, texts: Iterator[str], so_far: Accumulator) -> None:
        self._texts = texts
        self._so_far = so_far

    def __iter__(self) -> CumulativeSource:
        return self

    def __next__(self) -> ModelResponse:
        so_far = self._so_far
        try:
            text = next(self._texts)
        except StopIteration:
            so_far.ended = True
            raise
        before = "".join(so_far.text)
        delta = ModelResponse(text[len(before) :] if text.startswith(before) else text)
        so_far.add(delta)
        return delta

    def close(self) -> None:
        """Stop the iterator, if it can be stopped."""
        self._so_far.ended = True
        close = getattr(self._texts, "close", None)
        if close is not None:
            close()


def become_streamed(response: ModelResponse, texts: Iterator[str]) -> None:
    """Make ``response`` one that arrives from ``texts``, as AgentScope builds them: ``ModelResponse(stream=...)``."""
    so_far = Accumulator()
    response.__class__ = StreamedResponse  # they have the same slots, so whole responses need not pay for a __new__
    response._arrival = Arrival(CumulativeSource(texts, so_far), so_far)


ModelResponse._become_streamed = become_streamed
