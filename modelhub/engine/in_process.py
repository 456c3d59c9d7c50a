"""Models that are Python functions in this process; a function gives a whole answer or its pieces."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any

from modelhub.engine.attempts import attempts
from modelhub.engine.call import Call, Inside
from modelhub.engine.characters import Characters, mend_answer
from modelhub.engine.effects import Flow, Invoke
from modelhub.engine.parsing import settle_calls
from modelhub.engine.pieces import END, Pieces
from modelhub.engine.stream import conclude, deliver, tells
from modelhub.engine.structured import parse_structured
from modelhub.overriding import override
from modelhub.response import ModelResponse, StreamedResponse
from modelhub.response.accumulator import Accumulator
from modelhub.response.cumulative import CumulativeAccumulator
from modelhub.response.tool_calls import ArrivingCall, split_tool_calls

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


class PythonCall:
    """A Python function to call, blocking, async or both, and how its outcome is read.

    ``load`` is called before it, for example for an import that takes long; it never runs in an event loop.

    The outcome of this class is the result of a wrapper's own ``__call__``: a ModelResponse, a str, a generator of
    either, or any other object, which the caller receives unchanged.
    """

    __slots__ = ("acall", "call", "load")

    def __init__(
        self,
        call: Callable[[], Any] | None = None,
        acall: Callable[[], Awaitable[Any]] | None = None,
        load: Callable[[], Any] | None = None,
    ) -> None:
        self.call = call
        self.acall = acall
        self.load = load

    def is_stream(self, outcome: Any) -> bool:
        """Whether ``outcome`` comes in pieces."""
        if isinstance(outcome, StreamedResponse):
            return not outcome.is_begun
        return isinstance(outcome, Generator | AsyncGenerator)

    def parse(self, outcome: Any) -> Any:
        """The answer for an ``outcome`` that is whole."""
        return ModelResponse(text=outcome) if isinstance(outcome, str) else outcome

    def build_accumulator(self, outcome: Any) -> Accumulator:
        """A new accumulator for the pieces of ``outcome``."""
        return Accumulator() if isinstance(outcome, StreamedResponse) else CumulativeAccumulator()

    def parse_piece(self, piece: Any, so_far: Accumulator) -> ModelResponse | None:
        """The delta of one piece, or None; raises TypeError if the piece cannot be a part of an answer."""
        delta = ModelResponse(text=piece) if isinstance(piece, str) else piece
        if not isinstance(delta, ModelResponse):
            raise TypeError(f"a wrapper's __call__ yields ModelResponse or str, not {type(piece).__name__}")
        return delta

    def parse_end(self, outcome: Any, returned: Any, so_far: Accumulator) -> None:
        """Add what is known only at the end: the return value of a generator, or the fields of a whole response."""
        whole = outcome if isinstance(outcome, StreamedResponse) else mend_answer(self.parse(returned))
        if not isinstance(whole, ModelResponse):
            return
        so_far.text = [whole.text or ""]
        so_far.raw = whole.raw if isinstance(whole.raw, list) else [whole.raw]
        for name in ("finish_reason", "image_urls", "model", "parsed", "request_id", "usage"):
            value = getattr(whole, name)
            if value is not None:
                setattr(so_far, name, value)
        if whole is not outcome and whole.reasoning:
            so_far.reasoning = [whole.reasoning]
        if whole is not outcome and whole.tool_calls:
            so_far.calls = [ArrivingCall(piece) for piece in split_tool_calls(whole.tool_calls)]

    def explain(self, error: Exception, outer: BaseException | None) -> BaseException:
        """The error to raise for ``error``; ``outer`` is an exception that the caller was already handling."""
        return error


def answer(call: Call, python: PythonCall) -> Flow[Any]:
    """The answer of a Python function, whole or delivered piece by piece."""
    return attempts(call, _ask, python)


def _ask(call: Call, python: PythonCall) -> Flow[Any]:
    if python.load is not None:
        yield _build_invoke(call, python, python.load, None)
    outcome, loop = yield _build_invoke(call, python, python.call, python.acall)
    if python.is_stream(outcome):
        return (yield from _read_pieces(call, python, Pieces(outcome, loop)))
    response = mend_answer(python.parse(outcome))
    if isinstance(response, ModelResponse) and response.tool_calls:
        settle_calls(call, response)
    if call.response_format is not None:
        response.parsed = parse_structured(response, call.response_format)
    return response


def _read_pieces(call: Call, python: PythonCall, pieces: Pieces) -> Flow[Any]:
    """Read a stream to its end, or close it if the caller leaves it early.

    The result of a generator without pieces is the value that it returned.
    """
    so_far = python.build_accumulator(pieces.outcome)
    so_far.sent = call.sent
    characters = Characters()
    kept: list[ModelResponse] = []
    outcome = pieces.outcome  # another model's answer is that model's
    so_far.origin = outcome.origin if isinstance(outcome, StreamedResponse) else call.model.find_origin()
    ended = False
    try:
        while not ended:
            piece, _ = yield _build_invoke(call, python, pieces.next, pieces.anext)
            if piece is END:
                ended = True
                deltas = characters.release()
            else:
                delta = python.parse_piece(piece, so_far)
                deltas = [] if delta is None else characters.add(delta)
            for delta in deltas:
                so_far.add(delta)
            kept += deltas
            if kept and (so_far.delivered or any(map(tells, kept))):
                if not so_far.delivered:
                    call.so_far = so_far
                    yield deliver(call, so_far)
                yield kept
                kept = []
    finally:
        if not ended:
            pieces.close()
    python.parse_end(pieces.outcome, pieces.returned, so_far)
    if not so_far.delivered and not kept:
        return ModelResponse() if pieces.returned is None else mend_answer(python.parse(pieces.returned))
    if not so_far.delivered:
        call.so_far = so_far
        yield deliver(call, so_far)
    if kept:
        yield kept
    return conclude(call, so_far)


def _build_invoke(
    call: Call, python: PythonCall, function: Callable[[], Any] | None, afunction: Callable[[], Awaitable[Any]] | None
) -> Invoke:
    """The effect that runs code of the model; it gives the outcome, and the event loop if the code was awaited."""

    def run() -> tuple[Any, None]:
        assert function is not None
        with _Running(call, python):
            return function(), None

    async def arun() -> tuple[Any, AbstractEventLoop]:
        from asyncio import get_running_loop

        assert afunction is not None
        with _Running(call, python):
            return await afunction(), get_running_loop()

    return Invoke(run if function is not None else None, arun if afunction is not None else None, call.deadline)


class _Running(Inside):
    """While code of a model runs, its call is the current one, and its exceptions become those to raise for them."""

    __slots__ = ("_outer", "_python")

    def __init__(self, call: Call, python: PythonCall) -> None:
        super().__init__(call)
        self._python = python

    @override
    def __enter__(self) -> None:
        self._outer = sys.exception()
        super().__enter__()

    @override
    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        super().__exit__(kind, error, at)
        if isinstance(error, StopIteration):
            raise _stopped(self._call) from error
        if isinstance(error, Exception):
            explained = self._python.explain(error, self._outer)
            if explained is not error:
                raise explained from None


def _stopped(call: Call) -> RuntimeError:
    """What a StopIteration that leaves a model's code becomes, as in any generator or coroutine.

    It would end a loop of the caller unseen, and an event loop that waits for a thread would wait for ever.
    """
    return RuntimeError(f"{type(call.model).__name__} raised StopIteration")
