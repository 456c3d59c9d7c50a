"""Models that are a Python library in this process: its calls as effects, its iterators as streams of deltas."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelhub.engine import wait_before_repeating
from modelhub.engine.effects import Flow, Invoke, StreamFlow
from modelhub.engine.parsing import MISSHAPEN
from modelhub.engine.stream import interrupted
from modelhub.engine.structured import parse_structured
from modelhub.errors import ModelCallError, ModelHubError, ResponseParsingError, StreamInterruptedError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Partial

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

    from modelhub.base import HTTPModelWrapperBase

ParseFailure = Callable[[list[BaseException]], ModelHubError]


class LibraryCall:
    """A function of a library, blocking and async, and what its exceptions mean.

    ``parse_failure`` is given an exception with its causes, the outermost first, and returns the error to raise.
    """

    __slots__ = ("acall", "call", "parse_failure")

    def __init__(
        self, call: Callable[[], Any], acall: Callable[[], Awaitable[Any]], parse_failure: ParseFailure
    ) -> None:
        self.call = call
        self.acall = acall
        self.parse_failure = parse_failure

    def build_invoke(self) -> Invoke:
        """The effect that makes the call; it raises no other errors than ours."""
        return Invoke(self._blocking, self._awaiting)

    def build_open(self) -> Invoke:
        """The effect that makes a call that returns an iterator; its outcome is a LibraryStream."""

        def open() -> LibraryStream:
            return LibraryStream(self._blocking(), self.parse_failure, None)

        async def aopen() -> LibraryStream:
            from asyncio import get_running_loop

            return LibraryStream(await self._awaiting(), self.parse_failure, get_running_loop())

        return Invoke(open, aopen)

    def _blocking(self) -> Any:
        outer = sys.exception()
        try:
            return self.call()
        except Exception as error:
            raise self._explain(error, outer) from None

    async def _awaiting(self) -> Any:
        outer = sys.exception()
        try:
            return await self.acall()
        except Exception as error:
            raise self._explain(error, outer) from None

    def _explain(self, error: BaseException, outer: BaseException | None) -> ModelHubError:
        return error if isinstance(error, ModelHubError) else self.parse_failure(find_causes(error, outer))


class LibraryStream:
    """An iterator that a library gave, blocking or (``loop``) async."""

    __slots__ = ("_chunks", "_loop", "_next")

    def __init__(self, chunks: Any, parse_failure: ParseFailure, loop: AbstractEventLoop | None) -> None:
        self._chunks = chunks
        self._loop = loop
        self._next = LibraryCall(lambda: next(chunks, END), lambda: anext(chunks, END), parse_failure)

    def build_next(self) -> Invoke:
        """The effect whose outcome is the next chunk, END after the last."""
        return self._next.build_invoke()

    def close(self) -> None:
        """Stop the stream; an async one is closed by its loop, soon, since nobody here may wait."""
        if self._loop is None:
            # Some libraries close only what they wrap.
            for stream in (self._chunks, getattr(self._chunks, "completion_stream", None)):
                close = getattr(stream, "close", None)
                if close is not None:
                    return close()  # type: ignore[no-any-return]
        elif hasattr(self._chunks, "aclose") and not self._loop.is_closed():
            _spawn(self._loop, self._chunks.aclose)
        return None


END: Any = object()
_CLOSING: set[Task[None]] = set()


def _spawn(loop: AbstractEventLoop, close: Callable[[], Any]) -> None:
    """Have ``loop`` run ``close`` as a task of its own."""
    import asyncio

    def start() -> None:
        task = loop.create_task(close())
        _CLOSING.add(task)
        task.add_done_callback(_CLOSING.discard)

    try:
        here = asyncio.get_running_loop() is loop
    except RuntimeError:
        here = False
    if here:
        start()
    elif loop.is_running():
        with suppress(RuntimeError):  # it has just been closed
            loop.call_soon_threadsafe(start)


def find_causes(error: BaseException, outer: BaseException | None = None) -> list[BaseException]:
    """``error`` and what led to it, less ``outer``, which the caller was already dealing with."""
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause is not outer and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    return causes


def converse(
    model: HTTPModelWrapperBase, call: LibraryCall, parse: Callable[[Any], ModelResponse], response_format: Any
) -> Flow[ModelResponse]:
    """A whole answer, tried again as the model's retry policy says."""
    tries = 0
    try:
        while True:
            try:
                response: ModelResponse = _read(parse, (yield call.build_invoke()))
                break
            except ModelCallError as error:
                tries += 1
                delay = wait_before_repeating(model, error, tries)
            yield Invoke(delay=delay)
        if response_format is not None:
            response.parsed = parse_structured(response, response_format)
        return response
    except ModelCallError as error:
        model.explain(error)
        raise


def stream(
    model: HTTPModelWrapperBase,
    call: LibraryCall,
    parse: Callable[[Any], ModelResponse | None],
    response_format: Any,
    partial: Partial,
) -> StreamFlow:
    """The deltas of an answer as they come; tried again only while nothing has been delivered."""
    tries = 0
    try:
        while True:
            try:
                yield from _deltas(call, parse, partial)
                if response_format is not None:
                    partial.parsed = parse_structured(ModelResponse.from_partial(partial), response_format)
                return
            except ModelCallError as error:
                if partial.delivered:
                    raise interrupted(error, partial) from None
                tries += 1
                delay = wait_before_repeating(model, error, tries)
            partial.restart()
            yield Invoke(delay=delay)
    except ModelCallError as error:
        model.explain(error)
        raise
    finally:
        partial.ended = True


def _deltas(call: LibraryCall, parse: Callable[[Any], ModelResponse | None], partial: Partial) -> StreamFlow:
    """Read a stream to its end, and close it when it is left before."""
    chunks: LibraryStream = yield call.build_open()
    ended = False
    try:
        while (chunk := (yield chunks.build_next())) is not END:
            delta = _read(parse, chunk)
            if delta is not None:
                partial.add(delta)
                partial.delivered = True
                yield [delta]
        ended = True
    finally:
        if not ended:
            chunks.close()
    if partial.finish_reason is None:
        raise StreamInterruptedError("the stream ended before the answer did", retryable=True)
    try:
        partial.tool_calls()
    except ValueError as error:
        raise ResponseParsingError(str(error)) from None


def _read(parse: Callable[[Any], Any], outcome: Any) -> Any:
    """``parse(outcome)``, with what an outcome of the wrong shape makes it raise turned into ResponseParsingError."""
    try:
        return parse(outcome)
    except MISSHAPEN as error:
        what = f"there is no {error}" if isinstance(error, KeyError | IndexError) else str(error)
        raise ResponseParsingError(f"the answer does not have the expected shape: {what}") from None
