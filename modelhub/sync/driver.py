"""The blocking driver: performs what the engine asks for in the thread that calls."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from typing import Any

from modelhub.engine.effects import Flow, Invoke, Read, Sleep
from modelhub.response import ModelResponse, StreamedResponse
from modelhub.response.accumulator import Accumulator
from modelhub.wire import Request


class SyncDriver:
    """Serves flows with one thread-safe pool of connections, which is opened for the first request.

    ``pool`` has ``fetch``, ``open`` and ``close`` as ``modelhub.sync.pool.Pool`` does; ``sleep`` waits.
    """

    def __init__(self, pool: Any = None, sleep: Callable[[float], Any] = time.sleep) -> None:
        self._pool = pool
        self._sleep = sleep
        self._opening = threading.Lock()
        self._open: weakref.WeakSet[_Stream] = weakref.WeakSet()

    def run(self, flow: Flow[Any]) -> Any:
        """Serve ``flow`` and return its result; of a stream, once it has begun, a response that serves the rest."""
        served = self._serve(flow)
        try:
            so_far = next(served)
        except StopIteration as done:
            return done.value
        stream = _Stream(served)
        self._open.add(stream)
        return StreamedResponse.arriving(stream, so_far)

    def close(self) -> None:
        """Close the pool and what is still being streamed."""
        for stream in list(self._open):
            stream.close()
        if self._pool is not None:
            self._pool.close()

    def _open_pool(self) -> Any:
        from modelhub.sync.pool import Pool  # only models over HTTP need it

        with self._opening:
            if self._pool is None:
                self._pool = Pool()
        return self._pool

    def _serve(self, flow: Flow[Any]) -> Generator[Any, None, Any]:
        """Serve a flow to its end; yields what is for the caller: of a stream what it gathers in, then its deltas."""
        body: Any = None  # of the open stream
        try:
            effect: Any = next(flow)
            while True:
                kind = type(effect)
                if kind is list:
                    yield from effect
                    effect = flow.send(None)
                    continue
                if kind is not Request and kind is not Read and isinstance(effect, Accumulator):
                    yield effect
                    effect = flow.send(None)
                    continue
                try:
                    if kind is Read:
                        assert body is not None
                        outcome: Any = body.read()
                    elif kind is Request:
                        if body is not None:
                            body.close()
                            body = None
                        pool = self._pool or self._open_pool()
                        if effect.stream:
                            body, outcome = pool.open(effect)
                        else:
                            outcome = pool.fetch(effect)
                    elif kind is Sleep:
                        outcome = self._sleep(effect.seconds)
                    elif kind is Invoke:
                        outcome = effect.invoke()
                    else:
                        raise TypeError(f"a flow asked for {effect!r}")
                except BaseException as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as done:
            if body is not None:
                body.give_back()
                body = None
            return done.value
        finally:
            flow.close()
            if body is not None:
                body.close()


class _Stream:
    """The deltas of one flow, whose connection goes back when they end, when it is closed, or when it is dropped."""

    def __init__(self, served: Generator[ModelResponse, None, Any]) -> None:
        self._deltas = served
        self._closed = False
        self._first: ModelResponse | None = next(served, None)

    def __iter__(self) -> Iterator[ModelResponse]:
        return self

    def __next__(self) -> ModelResponse:
        first = self._first
        if first is not None:
            self._first = None
            return first
        delta = next(self._deltas)
        if self._closed:  # by another thread, meanwhile
            self._deltas.close()
            raise StopIteration
        return delta

    def close(self) -> None:
        """Stop the flow and close its connection; a thread that is just reading does so when it has read."""
        self._first = None
        self._closed = True
        try:
            self._deltas.close()
        except ValueError:
            if not getattr(self._deltas, "gi_running", False):
                raise
