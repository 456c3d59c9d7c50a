"""An answer that is still arriving."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

from modelhub.errors import ModelHubError
from modelhub.overriding import override
from modelhub.response.accumulator import Accumulator
from modelhub.response.arrival import Arrival, Source, Spent
from modelhub.response.response import ModelResponse
from modelhub.response.tool_calls import MalformedToolCall
from modelhub.tracebacks import shorten, shortened

if TYPE_CHECKING:
    from modelhub.response.response import ResponseDelta
    from modelhub.trail import Attempt


def build_response(so_far: Accumulator) -> ModelResponse:
    """What has arrived, as a response of its own; tool calls that are not whole yet are left out."""
    whole = [call for call in so_far.tool_calls() or () if not isinstance(call, MalformedToolCall)]
    return ModelResponse(
        text="".join(so_far.text),
        image_urls=so_far.image_urls or None,
        raw=so_far.raw,
        parsed=so_far.parsed,
        tool_calls=whole or None,
        reasoning="".join(so_far.reasoning) or None,
        finish_reason=so_far.finish_reason,
        usage=so_far.usage,
        request_id=so_far.request_id,
        model=so_far.model,
        refusal="".join(so_far.refusal) or None,
        origin=so_far.origin,
    )


def _gathered(name: str) -> Any:
    """A field of a response that arrives: what has come so far until it is whole, then its slot."""
    slot = getattr(ModelResponse, name)

    def read(response: StreamedResponse) -> Any:
        try:
            return slot.__get__(response)
        except AttributeError:  # the slot is empty until the response is whole
            return getattr(build_response(response._arrival.so_far), name)

    return property(read, slot.__set__)


class StreamedResponse(ModelResponse):
    """A response that is still arriving: iterate it for its deltas, once; it is whole when they end.

    Its fields say what has come so far. Only ``text`` waits, and ``str`` and ``to_message``, which show it: of a sync
    stream they read what is left, outside the loop; of an async one use ``await response.complete()``.
    """

    __slots__ = ()
    _arrival: Arrival

    reasoning = _gathered("reasoning")
    tool_calls = _gathered("tool_calls")
    finish_reason = _gathered("finish_reason")
    usage = _gathered("usage")
    image_urls = _gathered("image_urls")
    parsed = _gathered("parsed")
    raw = _gathered("raw")
    request_id = _gathered("request_id")
    model = _gathered("model")
    refusal = _gathered("refusal")
    _text = _gathered("text")

    @classmethod
    def arriving(cls, source: Source, so_far: Accumulator) -> StreamedResponse:
        """A response whose deltas come from ``source`` and gather in ``so_far``."""
        response = cls.__new__(cls)
        response.embedding = None
        response.origin = so_far.origin
        response._arrival = Arrival(source, so_far)
        return response

    @override
    def __getstate__(self) -> Any:
        """What crosses to another process, once there is nothing more to read; TypeError before."""
        arrival = self._arrival
        if not (arrival.drained or arrival.so_far.ended):
            raise TypeError(
                "a response that is still arriving can be neither copied nor sent to another process: read it to its"
                " end first (its .text does, or `await response.complete()`), or close it"
            )
        own, slots = super().__getstate__()
        return own, {name: value for name, value in slots.items() if name != "_arrival"}

    def __setstate__(self, state: Any) -> None:
        """Take in what has crossed: a response that has been read."""
        own, slots = state
        so_far = Accumulator()
        so_far.ended = True
        self._arrival = Arrival(Spent(), so_far)
        self._arrival.begun = self._arrival.drained = True
        for name, value in {**(own or {}), **slots}.items():
            setattr(self, name, value)

    @property
    @override
    def trail(self) -> tuple[Attempt, ...]:
        """What was tried to get this answer; of one that is still arriving, the attempts that failed."""
        from modelhub.trail import build_trail

        so_far = self._arrival.so_far
        return build_trail(getattr(self, "_trail", (*so_far.before, *so_far.trail)))

    @property
    @override
    def cached(self) -> bool:
        """Whether it is an answer that was kept from a call before."""
        so_far = self._arrival.so_far
        entries = getattr(self, "_trail", (*so_far.before, *so_far.trail))
        return bool(entries) and entries[-1][0][6] == "cached"

    @property  # type: ignore[explicit-override]  # mypy overlooks the mark of a property that has a setter
    @override
    @shortened
    def text(self) -> str | None:
        """The answer; it reads what is left of a sync stream. RuntimeError for an async one that has not ended."""
        arrival = self._arrival
        if not arrival.drained and arrival.shown is not None:
            return arrival.shown
        if not arrival.iterating and not arrival.so_far.ended:
            if not isinstance(arrival.source, Iterator):
                raise RuntimeError(
                    "the response is still arriving: `await response.complete()` or `async for` before .text"
                )
            for _ in self:
                pass
        return cast("str | None", self._text)

    @text.setter
    def text(self, text: str | None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._text = text

    @property
    @override
    def ready(self) -> int:
        """How many deltas have come and are not handed over yet."""
        return len(getattr(self._arrival.source, "ready", ()))

    def forget_raw(self) -> None:
        """Let go of what has come from the vendor so far, for who needs no ``raw`` of a long answer."""
        self._arrival.so_far.raw.clear()

    @property
    def is_begun(self) -> bool:
        """Whether somebody has begun to read it: its deltas come once."""
        return self._arrival.begun

    def _begin(self) -> Source | None:
        arrival = self._arrival
        if arrival.iterating:
            raise RuntimeError("the response is being iterated already; its deltas come once")
        arrival.begun = True
        return None if arrival.drained else arrival.source

    def _settle(self) -> None:
        """Fill in the slots of a response that has arrived."""
        arrival = self._arrival
        arrival.drained = True
        whole = build_response(arrival.so_far)
        for name in FIELDS:
            setattr(self, name, getattr(whole, name))
        self._trail = (*arrival.so_far.before, *arrival.so_far.trail)

    @override
    def __iter__(self) -> Generator[ResponseDelta, None, None]:
        source: Any = self._begin()
        if source is None:
            return
        if not isinstance(source, Iterator):
            raise TypeError("this response came from `acall`: iterate it with `async for`")
        self._arrival.iterating = True
        try:
            for delta in source:
                yield delta
                yield from getattr(source, "ready", ())
            self._settle()
        except ModelHubError as error:
            shorten(error)
            raise
        finally:
            self._arrival.iterating = False

    @override
    async def __aiter__(self) -> AsyncIterator[ResponseDelta]:
        source = self._begin()
        if source is None:
            return
        deltas: Any = (
            source if isinstance(source, AsyncIterator) else _in_thread(cast("Iterator[ModelResponse]", source))
        )
        self._arrival.iterating = True
        try:
            ready = getattr(source, "ready", ()) if isinstance(source, AsyncIterator) else ()
            async for delta in deltas:
                yield delta
                while ready:
                    yield ready.popleft()
            self._settle()
        except ModelHubError as error:
            shorten(error)
            raise
        finally:
            self._arrival.iterating = False

    @override
    async def complete(self) -> ModelResponse:
        """Wait for the rest of the stream; returns this response, now whole."""
        try:
            async for _ in self:
                pass
        except ModelHubError as error:
            shorten(error)
            raise
        return self

    @override
    def close(self) -> None:
        """Stop the stream and give its connection back; the fields keep what has come."""
        self._arrival.source.close()

    @property
    @override
    def stream(self) -> Iterator[tuple[bool, str]]:
        """AgentScope's view: pairs of (is it the last, the text so far).

        ``text`` is the text of the last pair, also when the iteration was left; another access goes on from there.
        """
        return self._pairs()

    def _pairs(self) -> Iterator[tuple[bool, str]]:
        arrival = self._arrival
        grow = arrival.so_far.grow
        held = None if arrival.pulled == arrival.shown else arrival.pulled
        for delta in self:
            arrival.pulled = pulled = grow(arrival.pulled or "", delta.text or "")
            if held is not None:
                arrival.shown = held
                yield False, held
            held = pulled
        if held is not None:
            arrival.shown = held
            yield True, held

    @property
    @override
    def is_stream_exhausted(self) -> bool:
        """Whether all of it has been read."""
        return self._arrival.drained

    @override
    def __str__(self) -> str:
        arrival = self._arrival
        return super().__str__() if arrival.so_far.ended or isinstance(arrival.source, Iterator) else repr(self)

    @override
    def __repr__(self) -> str:
        return super().__repr__() if self._arrival.drained else f"<{type(self).__name__} still arriving>"


FIELDS = (
    *("text", "reasoning", "tool_calls", "finish_reason", "usage"),
    *("image_urls", "parsed", "raw", "request_id", "model", "refusal"),
)


async def _in_thread(source: Iterator[ModelResponse]) -> AsyncIterator[ModelResponse]:
    """The deltas of a blocking source, each waited for in a thread."""
    from asyncio import to_thread

    while (delta := await to_thread(next, source, None)) is not None:
        yield delta
