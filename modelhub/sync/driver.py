"""The blocking driver: performs what the engine asks for in the thread that calls."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Generator, Sequence
from contextvars import copy_context
from math import isfinite
from typing import Any

from modelhub.engine import connection_errors as outages
from modelhub.engine.effects import Flow, Invoke, Read, Sleep, Together, Wait
from modelhub.errors import ModelCallError
from modelhub.response import StreamedResponse
from modelhub.response.accumulator import Accumulator
from modelhub.sync.streams import Stream, Use
from modelhub.wire import Request

REGISTRY = "the registry"
_MOST_THREADS = 16


class SyncDriver:
    """Serves flows with one thread-safe pool of connections, which is opened for the first request.

    ``pool`` has ``fetch``, ``open`` and ``close`` as ``modelhub.sync.pool.Pool`` does; ``sleep`` waits. With ``waits``,
    what waits for others does so in earnest, even where ``sleep`` takes no time.
    """

    def __init__(self, pool: Any = None, sleep: Callable[[float], Any] | None = None, *, waits: bool = False) -> None:
        self._waits = waits or sleep is None
        self._pool = pool
        self._closed = threading.Event()
        self._virtual = sleep
        self._sleep = sleep or self._closed.wait
        self._waiting: set[threading.Event] = set()
        self._lock = threading.RLock()
        self._open: weakref.WeakSet[Stream] = weakref.WeakSet()

    def run(self, flow: Flow[Any]) -> Any:
        """Serve ``flow`` and return its result; of a stream, once it has begun, a response that serves the rest."""
        use = Use()
        served = self._serve(flow, use)
        try:
            so_far = next(served)
        except StopIteration as done:
            return done.value
        stream = Stream(served, use)
        with self._lock:
            self._open.add(stream)
        return StreamedResponse.arriving(stream, so_far)

    def close(self) -> None:
        """Close the pool and what is still being streamed; what other threads wait for fails at once."""
        self._closed.set()
        with self._lock:
            streams = list(self._open)
            waiting = list(self._waiting)
        for event in waiting:
            event.set()
        for stream in streams:
            stream.interrupt(REGISTRY)
        if self._pool is not None:
            self._pool.close()

    def _wait(self, effect: Wait) -> None:
        """Wait until somebody wakes this thread; where pauses take no time, a wait that ends by itself is one."""
        if not self._waits and isfinite(effect.seconds):
            self._sleep(effect.seconds)
            return
        event = threading.Event()
        with self._lock:
            self._waiting.add(event)
        try:
            effect.on.listen(event.set)
            if not self._closed.is_set():
                event.wait(effect.seconds if isfinite(effect.seconds) else None)
        finally:
            with self._lock:
                self._waiting.discard(event)
        if self._closed.is_set():
            raise outages.ended(REGISTRY)

    def _run_together(self, flows: Sequence[Flow[Any]]) -> list[Any]:
        """The results of flows that are served at once, in threads; one after the other where pauses take no time."""
        if self._virtual is not None:
            return [self.run(flow) for flow in flows]
        from concurrent.futures import ThreadPoolExecutor  # only long lists need it

        threads = ThreadPoolExecutor(min(len(flows), _MOST_THREADS), "modelhub-parts")
        try:
            served = [threads.submit(copy_context().run, self.run, flow) for flow in flows]
            return [one.result() for one in served]
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _open_pool(self) -> Any:
        from modelhub.sync.pool import Pool  # only models over HTTP need it

        with self._lock:
            if self._pool is None:
                self._pool = Pool()
        return self._pool

    def _serve(self, flow: Flow[Any], use: Use) -> Generator[Any, None, Any]:
        """Serve a flow to its end; yields what is for the caller: what a stream gathers in, then lists of deltas."""
        body: Any = None  # of the open stream
        try:
            effect: Any = next(flow)
            while True:
                kind = type(effect)
                if kind is list:
                    try:
                        yield effect
                    except ModelCallError as error:  # the stream is interrupted between two deltas
                        effect = flow.throw(error)
                    else:
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
                        if not outcome and use.ended:
                            raise outages.ended(REGISTRY)
                    elif kind is Request:
                        if body is not None:
                            body.close()
                            body = None
                        if self._closed.is_set():
                            raise outages.ended(REGISTRY)
                        pool = self._pool or self._open_pool()
                        if effect.stream:
                            body, outcome = pool.open(effect)
                            use.body = body
                        else:
                            outcome = pool.fetch(effect)
                    elif kind is Sleep:
                        outcome = self._sleep(effect.seconds)
                    elif kind is Wait:
                        self._wait(effect)
                        outcome = None
                    elif kind is Together:
                        outcome = self._run_together(effect.flows)
                    elif kind is Invoke:
                        outcome = effect.invoke()
                    else:
                        raise TypeError(f"a flow asked for {effect!r}")
                except ModelCallError as error:
                    if use.ended and use.closed is None:
                        return None  # nobody wants the rest
                    closed = self._closed.is_set() and kind is not Invoke
                    effect = flow.throw(outages.ended(REGISTRY) if closed else error)
                except BaseException as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as done:
            if body is not None:
                use.body = None
                body.give_back()
                body = None
            return done.value
        finally:
            use.body = None
            flow.close()
            if body is not None:
                body.close()
