"""What a model answered: whole, or still arriving and iterated for its deltas."""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any, Protocol

from modelhub.response.accumulator import Partial
from modelhub.response.tool_calls import ToolCall as ToolCall
from modelhub.response.tool_calls import ToolCallDelta as ToolCallDelta
from modelhub.response.tool_calls import Usage as Usage


class Source(Protocol):
    """Where the deltas of an arriving response come from: an Iterator or an AsyncIterator that can be closed."""

    def close(self) -> None: ...


# What an arriving response does not know yet. Their slots stay empty until it is whole, so that reading one
# falls through to __getattr__, while a whole response and a delta pay nothing for the possibility.
_ARRIVING = frozenset(
    {"text", "reasoning", "tool_calls", "finish_reason", "usage", "image_urls", "parsed", "raw", "request_id", "model"}
)


class ModelResponse:
    """The answer of a model.

    With ``stream=True`` a call returns one that is still arriving: iterate it for deltas (``for``, or
    ``async for`` after ``acall``), once; it is whole when they end. ``text`` drains what is left of a sync
    stream, ``await response.complete()`` of an async one; inside the loop both say what has come so far.

    ``text`` is the answer, ``reasoning`` the thinking before it, ``tool_calls`` what the model wants called,
    ``finish_reason`` in OpenAI's words (stop, length, tool_calls, content_filter, other), ``embedding`` a list
    of vectors, ``image_urls`` URLs or data URIs, ``parsed`` the structured answer, ``raw`` the decoded reply
    (of a stream: the list of its events).
    """

    __slots__ = (
        "__weakref__",
        "_drained",
        "_iterating",
        "_partial",
        "_pulled",
        "_shown",
        "_source",
        "embedding",
        "finish_reason",
        "image_urls",
        "model",
        "parsed",
        "raw",
        "reasoning",
        "request_id",
        "text",
        "tool_calls",
        "usage",
    )

    text: str | None
    reasoning: str | None
    tool_calls: Any  # list[ToolCall] | None; of a delta: list[ToolCallDelta] | None
    finish_reason: str | None
    usage: Usage | None
    embedding: list[list[float]] | None
    image_urls: list[str] | None
    parsed: Any
    raw: Any
    request_id: str | None
    model: str | None

    def __init__(
        self,
        text: str | None = None,
        embedding: list[list[float]] | None = None,
        image_urls: list[str] | None = None,
        raw: Any = None,
        parsed: Any = None,
        stream: Iterator[str] | None = None,
        tool_calls: Any = None,
        reasoning: str | None = None,
        finish_reason: str | None = None,
        usage: Usage | None = None,
        request_id: str | None = None,
        model: str | None = None,
    ) -> None:
        self._source: Source | None = None
        self.embedding = embedding
        if stream is not None:
            from modelhub.response.cumulative import CumulativeSource

            partial = Partial()
            self._arrive(CumulativeSource(stream, partial), partial)
            return
        self.text = text
        self.image_urls = image_urls
        self.raw = raw
        self.parsed = parsed
        self.tool_calls = tool_calls
        self.reasoning = reasoning
        self.finish_reason = finish_reason
        self.usage = usage
        self.request_id = request_id
        self.model = model

    @classmethod
    def arriving(cls, source: Source, partial: Partial) -> ModelResponse:
        """A response whose deltas come from ``source`` and gather in ``partial``."""
        response = cls.__new__(cls)
        response.embedding = None
        response._arrive(source, partial)
        return response

    @classmethod
    def from_partial(cls, partial: Partial) -> ModelResponse:
        """What has arrived, as a response of its own; tool calls that are not whole yet are left out."""
        try:
            tool_calls = partial.tool_calls()
        except ValueError:
            tool_calls = None
        return cls(
            text="".join(partial.text),
            image_urls=partial.image_urls or None,
            raw=partial.raw,
            parsed=partial.parsed,
            tool_calls=tool_calls,
            reasoning="".join(partial.reasoning) or None,
            finish_reason=partial.finish_reason,
            usage=partial.usage,
            request_id=partial.request_id,
            model=partial.model,
        )

    def _arrive(self, source: Source, partial: Partial) -> None:
        self._source = source
        self._partial = partial
        self._iterating = False
        self._drained = False
        self._pulled: str | None = None  # of AgentScope's view: the text so far, and as much of it as was shown
        self._shown: str | None = None

    def __getattr__(self, name: str) -> Any:
        if name not in _ARRIVING:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name == "text" and self._shown is not None:
            return self._shown
        if not self._iterating and not self._partial.ended:
            if not isinstance(self._source, Iterator):
                raise RuntimeError(
                    f"the response is still arriving: `await response.complete()` or `async for` before .{name}"
                )
            for _ in self:
                pass
            return getattr(self, name)
        return getattr(ModelResponse.from_partial(self._partial), name)

    def _settle(self) -> None:
        """Fill in the slots of a response that has arrived."""
        whole = ModelResponse.from_partial(self._partial)
        for name in _ARRIVING:
            setattr(self, name, getattr(whole, name))

    def _begin(self) -> Source | None:
        if self._source is not None and self._iterating:
            raise RuntimeError("the response is being iterated already; its deltas come once")
        return None if self._source is None or self._drained else self._source

    def __iter__(self) -> Generator[ModelResponse, None, None]:
        source = self._begin()
        if source is None:
            if self._source is None:
                yield self
            return
        if not isinstance(source, Iterator):
            raise TypeError("this response came from `acall`: iterate it with `async for`")
        self._iterating = True
        try:
            for delta in source:  # noqa: UP028  `yield from` would close the source when the loop is left
                yield delta
            self._drained = True
            self._settle()
        finally:
            self._iterating = False

    async def __aiter__(self) -> AsyncIterator[ModelResponse]:
        source = self._begin()
        if source is None:
            if self._source is None:
                yield self
            return
        deltas = source if isinstance(source, AsyncIterator) else _in_thread(source)
        self._iterating = True
        try:
            async for delta in deltas:
                yield delta
            self._drained = True
            self._settle()
        finally:
            self._iterating = False

    async def complete(self) -> ModelResponse:
        """Wait for the rest of an async stream; returns this response, now whole."""
        async for _ in self:
            pass
        return self

    def close(self) -> None:
        """Stop a stream that is not wanted any more and give its connection back; harmless otherwise."""
        if self._source is not None:
            self._source.close()

    def to_message(self) -> dict[str, Any]:
        """This answer as the message that continues the conversation: OpenAI-shaped, for the models of any vendor.

        Its tool calls want their results right after it: ``call.to_result(output)`` of each. Of a closed or
        interrupted stream it is what had arrived.
        """
        calls = [call.to_dict() for call in self.tool_calls or ()]
        message: dict[str, Any] = {"role": "assistant", "content": self.text or (None if calls else "")}
        return {**message, "tool_calls": calls} if calls else message

    @property
    def stream(self) -> Iterator[tuple[bool, str]] | None:
        """AgentScope's view of a stream: pairs of (is it the last, the text so far); None if there is none.

        ``text`` is the text of the last pair, also when the iteration was left; another access goes on from there.
        """
        return None if self._source is None else self._pairs()

    def _pairs(self) -> Iterator[tuple[bool, str]]:
        grow = getattr(self._source, "grow", str.__add__)
        held = None if self._pulled == self._shown else self._pulled
        for delta in self:
            self._pulled = pulled = grow(self._pulled or "", delta.text or "")
            if held is not None:
                self._shown = held
                yield False, held
            held = pulled
        if held is not None:
            self._shown = held
            yield True, held

    @property
    def is_stream_exhausted(self) -> bool:
        """Whether all of a stream has been read; False where there is none."""
        return self._source is not None and self._drained

    @property
    def json(self) -> Any:
        """The old name of ``parsed``."""
        warnings.warn("ModelResponse.json is the old name of .parsed", DeprecationWarning, stacklevel=2)
        return self.parsed

    def __str__(self) -> str:
        fields = {name: getattr(self, name) for name in ("text", "embedding", "image_urls", "parsed", "raw")}
        return json.dumps(fields, indent=4, ensure_ascii=False, default=str)

    def __repr__(self) -> str:
        if self._source is not None and not self._drained:
            return f"<{type(self).__name__} still arriving>"
        shown = {n: getattr(self, n) for n in ("text", "reasoning", "tool_calls", "finish_reason", "usage", "parsed")}
        if self.embedding is not None:
            shown["embedding"] = f"<{len(self.embedding)} vectors>"
        if self.image_urls is not None:
            shown["image_urls"] = [url[:60] for url in self.image_urls]
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in shown.items() if v is not None)})"


def _in_thread(source: Source) -> AsyncIterator[ModelResponse]:
    from modelhub.response.cumulative import InThread

    return InThread(source)
