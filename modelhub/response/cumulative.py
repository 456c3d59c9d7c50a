"""Texts that come cumulatively, as AgentScope's wrappers give them: each time all that there is so far."""

from __future__ import annotations

from collections.abc import Iterator

from modelhub.overriding import override
from modelhub.response.accumulator import Accumulator
from modelhub.response.response import ModelResponse
from modelhub.response.streamed import Arrival, StreamedResponse


class CumulativeAccumulator(Accumulator):
    """Gathers what a generator yields, whether each item has the whole text so far or only its next piece."""

    __slots__ = ()

    @override
    def add(self, delta: ModelResponse) -> None:
        """Take in one item; its text counts as far as it goes on from what has come."""
        before, text = "".join(self.text), delta.text or ""
        super().add(ModelResponse(self.grow(before, text)[len(before) :], raw=delta.raw, usage=delta.usage))
        for name in ("finish_reason", "image_urls", "model", "parsed", "request_id"):
            value = getattr(delta, name)
            if value is not None:
                setattr(self, name, value)

    @override
    def grow(self, before: str, text: str) -> str:
        """The text so far after ``text``, which may be all of it or only what is new."""
        return text if text.startswith(before) else before + text


class CumulativeSource:
    """Turns an iterator of cumulative texts into deltas."""

    def __init__(self, texts: Iterator[str], so_far: CumulativeAccumulator) -> None:
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
        so_far.add(ModelResponse(text))
        return ModelResponse(so_far.grow(before, text)[len(before) :])

    def close(self) -> None:
        """Stop the iterator, if it can be stopped."""
        self._so_far.ended = True
        close = getattr(self._texts, "close", None)
        if close is not None:
            close()


def become_streamed(response: ModelResponse, texts: Iterator[str]) -> None:
    """Make ``response`` one that arrives from ``texts``, as AgentScope builds them: ``ModelResponse(stream=...)``."""
    so_far = CumulativeAccumulator()
    response.__class__ = StreamedResponse  # they have the same slots, so whole responses need not pay for a __new__
    response._arrival = Arrival(CumulativeSource(texts, so_far), so_far)


ModelResponse._become_streamed = become_streamed
