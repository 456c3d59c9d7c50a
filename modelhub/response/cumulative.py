"""Streams that wrappers make themselves: a ``__call__`` that is a generator, or an iterator of the texts so far."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from modelhub.response import ModelResponse
from modelhub.response.accumulator import Partial


def begin(generator: Generator[Any, None, Any]) -> Any:
    """Run ``generator`` up to its first yield: a response that streams, or, when it yields nothing, what it returned.

    The stream consists of what is yielded, a str as a ModelResponse. AgentScope's wrappers yield the whole text so
    far each time and others its pieces; ``text`` and ``stream`` of the response are right for both.
    """
    source = _Yielded(generator)
    try:
        source.first = source.pull()
    except StopIteration:
        return ModelResponse() if source.result is None else source.result
    return ModelResponse.arriving(source, source.partial)


def add_cumulative(partial: Partial, item: ModelResponse) -> ModelResponse:
    """Add to ``partial`` an item with the text so far or its next piece; returns the delta it brings."""
    before, text = "".join(partial.text), item.text or ""
    delta = ModelResponse(grow(before, text)[len(before) :], raw=item.raw, usage=item.usage)
    partial.add(delta)
    return delta


def grow(before: str, text: str) -> str:
    """The text so far after ``text``, which may be all of it or only what is new."""
    return text if text.startswith(before) else before + text


class CumulativeSource:
    """Turns an iterator of cumulative texts, as AgentScope's wrappers give, into deltas."""

    def __init__(self, texts: Iterator[str], partial: Partial) -> None:
        self._texts = texts
        self._partial = partial

    def __iter__(self) -> CumulativeSource:
        return self

    def __next__(self) -> ModelResponse:
        try:
            text = next(self._texts)
        except StopIteration:
            self._partial.ended = True
            raise
        delta = ModelResponse(text=text)
        return add_cumulative(self._partial, delta)

    def close(self) -> None:
        self._partial.ended = True
        close = getattr(self._texts, "close", None)
        if close is not None:
            close()


class _Yielded:
    """The items of a generator as the source of an arriving response."""

    grow = staticmethod(grow)

    def __init__(self, generator: Generator[Any, None, Any]) -> None:
        self._generator = generator
        self.partial = Partial()
        self.first: ModelResponse | None = None
        self.result: Any = None

    def __iter__(self) -> Iterator[ModelResponse]:
        return self

    def __next__(self) -> ModelResponse:
        item, self.first = self.first or self.pull(), None
        add_cumulative(self.partial, item)
        return item

    def pull(self) -> ModelResponse:
        """The next item; at the end ``result`` is what the generator returned."""
        try:
            item = next(self._generator)
        except (StopIteration, StopAsyncIteration) as done:  # the latter is how wrappers over async SDKs end
            self.partial.ended = True
            result = as_response(getattr(done, "value", None))
            if isinstance(result, ModelResponse):
                self._conclude(result)
            self.result = result
            raise StopIteration from None
        response = as_response(item)
        if not isinstance(response, ModelResponse):
            raise TypeError(f"a wrapper's __call__ yields ModelResponse or str, not {type(item).__name__}")
        return response

    def _conclude(self, result: ModelResponse) -> None:
        """Let what was returned after the stream count for all of it."""
        self.partial.text = [result.text or ""]
        self.partial.raw = result.raw if isinstance(result.raw, list) else [result.raw]
        for name in ("finish_reason", "image_urls", "model", "parsed", "request_id", "usage"):
            value = getattr(result, name)
            if value is not None:
                setattr(self.partial, name, value)

    def close(self) -> None:
        self.partial.ended = True
        self._generator.close()


class InThread:
    """Iterates a blocking source from async code, each step in a thread."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __aiter__(self) -> InThread:
        return self

    async def __anext__(self) -> ModelResponse:
        from asyncio import to_thread

        delta: ModelResponse | None = await to_thread(next, self._source, None)
        if delta is None:
            raise StopAsyncIteration
        return delta


def as_response(result: Any) -> Any:
    """What a wrapper returned, a str as a ModelResponse, a generator begun."""
    if isinstance(result, str):
        return ModelResponse(text=result)
    return begin(result) if isinstance(result, Generator) else result
