"""The blocking driver: performs what the engine asks for in the thread that calls."""

from __future__ import annotations

import time
import weakref
from collections.abc import Generator, Iterator
from typing import Any

from modelhub.engine.effects import Flow, Invoke, Read, StreamFlow
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Partial
from modelhub.sync.pool import Body, Pool
from modelhub.wire import Request


class SyncTransport:
    """One thread-safe pool of connections and the loops that serve flows with it."""

    def __init__(self, pool: Any = None) -> None:
        self._pool = pool or Pool()
        self._open: weakref.WeakSet[_Stream] = weakref.WeakSet()

    def run(self, flow: Flow[Any]) -> Any:
        """Serve ``flow`` to its end and return its result."""
        try:
            effect = next(flow)
            while True:
                try:
                    outcome = self._perform(effect)
                except ModelCallError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as done:
            return done.value
        finally:
            flow.close()

    def arrive(self, flow: StreamFlow, partial: Partial) -> ModelResponse:
        """Serve ``flow`` until its first deltas; the response returned serves the rest as it is read."""
        stream = _Stream(self._pool, flow)
        self._open.add(stream)
        return ModelResponse.arriving(stream, partial)

    def close(self) -> None:
        """Close the pool and what is still being streamed from it."""
        for stream in list(self._open):
            stream.close()
        self._pool.close()

    def _perform(self, effect: Any) -> Any:
        if type(effect) is Request:
            return self._pool.fetch(effect)
        return _invoke(effect)


class _Stream:
    """The deltas of one flow, whose connection goes back when they end, when it is closed, or when it is dropped."""

    def __init__(self, pool: Pool, flow: StreamFlow) -> None:
        self._deltas = _serve(pool, flow)
        self._first: ModelResponse | None = next(self._deltas, None)

    def __iter__(self) -> Iterator[ModelResponse]:
        return self

    def __next__(self) -> ModelResponse:
        first = self._first
        if first is not None:
            self._first = None
            return first
        return next(self._deltas)

    def close(self) -> None:
        self._first = None
        self._deltas.close()


def _serve(pool: Pool, flow: StreamFlow) -> Generator[ModelResponse, None, None]:
    """Serve a streaming flow, yielding the deltas it delivers."""
    body: Body | None = None
    try:
        effect: Any = next(flow)
        while True:
            kind = type(effect)
            try:
                if kind is list:
                    yield from effect
                    outcome: Any = None
                elif kind is Read:
                    assert body is not None
                    outcome = body.read()
                elif kind is Request:
                    if body is not None:
                        body.close()
                        body = None
                    body, outcome = pool.open(effect)
                else:
                    outcome = _invoke(effect)
            except ModelCallError as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(outcome)
    except StopIteration:
        if body is not None:
            body.give_back()
            body = None
    finally:
        flow.close()
        if body is not None:
            body.close()


def _invoke(effect: Any) -> Any:
    if isinstance(effect, Invoke):
        if effect.delay:
            time.sleep(effect.delay)
        return effect.invoke()
    raise TypeError(f"a flow asked for {effect!r}")
