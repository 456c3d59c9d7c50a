"""One flow served in an event loop, and the deltas of a stream, which any thread may end."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from modelhub.aio import endings
from modelhub.engine import connection_errors as outages
from modelhub.engine.effects import Flow, Invoke, Read, Sleep, Together, Wait
from modelhub.response import ModelResponse, StreamedResponse
from modelhub.response.accumulator import Accumulator
from modelhub.wire import Request

REGISTRY = "the registry"


class Driver(Protocol):
    """What serves flows: it has connections, it waits, and it ends the streams that have no connection."""

    sleep: Callable[[float], Any]

    async def wait(self, effect: Wait) -> None:
        """Wait until somebody wakes this task."""

    async def run_together(self, flows: Sequence[Flow[Any]]) -> list[Any]:
        """The results of flows that are served at once."""
        ...

    def session(self) -> Any:
        """The connections of the running loop."""

    def track(self, stream: Stream) -> None:
        """Have ``stream`` closed with the driver."""


class Served:
    """One flow being served: of a stream ``so_far`` is what it gathers in, ``deltas`` those to be handed over."""

    __slots__ = (
        *(
            "_begun",
            "_cancelled",
            "_driver",
            "_flow",
            "_closed",
            "_pid",
            "_request",
            "_response",
            "_session",
            "_waiting",
        ),
        *("deltas", "ended", "error", "loop", "so_far"),
    )

    def __init__(self, driver: Driver, flow: Flow[Any]) -> None:
        self._driver = driver
        self._flow = flow
        self._request: Any = None
        self._response: Any = None
        self._session: Any = None
        self._begun = False
        self._cancelled = False  # what the flow still asks for is to be seen through
        self._waiting = True  # a task is serving the flow
        self._closed: str | None = None  # what was closed meanwhile
        self.error: Exception | None = None  # what the next reader is given
        self.so_far: Accumulator | None = None
        self.deltas: deque[ModelResponse] | None = None
        self.ended = False

    async def advance(self) -> Any:
        """Serve the flow until it hands over deltas or ends; its result or, at first deltas, the response of them."""
        flow = self._flow
        self._waiting = True
        try:
            effect: Any = flow.send(None)
            while True:
                kind = type(effect)
                if kind is list:
                    assert self.deltas is not None
                    self.deltas.extend(effect)
                    return None if self._begun else self._begin()
                if kind is not Request and kind is not Read and isinstance(effect, Accumulator):
                    self.so_far, self.deltas = effect, deque()
                    effect = flow.send(None)
                    continue
                try:
                    if kind is Read:
                        outcome: Any = await self._session.read(self._response, self._request)
                    elif kind is Request:
                        self._drop()
                        session = self._session = self._driver.session()
                        if effect.stream:
                            self._request = effect
                            self._response, outcome = await session.open(effect)
                        elif self._cancelled:
                            outcome = await endings.see_through(session.fetch(effect))
                        else:
                            outcome = await session.fetch(effect)
                    elif kind is Sleep:
                        outcome = await self._driver.sleep(effect.seconds)
                    elif kind is Wait:
                        await self._driver.wait(effect)
                        outcome = None
                    elif kind is Together:
                        outcome = await self._driver.run_together(effect.flows)
                    elif kind is Invoke:
                        outcome = await effect.ainvoke()
                    else:
                        raise TypeError(f"a flow asked for {effect!r}")
                    if self._closed is not None:
                        raise outages.ended(self._closed)
                except BaseException as error:
                    if self.ended and isinstance(error, Exception):
                        return None  # it was closed meanwhile: nobody wants the rest
                    if isinstance(error, asyncio.CancelledError):
                        self._cancelled = True
                    broken = self._closed if isinstance(error, Exception) else None
                    effect = flow.throw(outages.ended(broken) if broken else error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as done:
            self.ended = True
            if self._response is not None:
                response, self._response = self._response, None
                await self._session.give_back(response)
            return done.value
        except BaseException:
            self.close()
            raise
        finally:
            self._waiting = False

    def _begin(self) -> StreamedResponse:
        self._begun = True
        assert self.so_far is not None
        self.loop = asyncio.get_running_loop()
        self._pid = os.getpid()
        stream = Stream(self)
        (self._session or self._driver).track(stream)
        return StreamedResponse.arriving(stream, self.so_far)

    def close_in_loop(self, close: Callable[[], Any]) -> None:
        """Do ``close`` where the flow is served; a forked child leaves its parent's streams alone."""
        if self._pid == os.getpid():
            endings.do_in(self.loop, close)

    def close(self) -> None:
        """Stop the flow and close its connection."""
        self.ended = True
        self._flow.close()
        self._drop()

    def interrupt(self, closed: str) -> None:
        """Stop the flow with an error, which whoever reads the stream is given."""
        if self.ended or self._closed is not None:
            return
        self._closed = closed
        if self._waiting:
            self._drop()  # this wakes the task, unless it waits for something else
            return
        self.ended = True
        try:
            while True:  # what the flow still asks for cannot be done either
                self._flow.throw(outages.ended(closed))
        except StopIteration:
            pass
        except Exception as error:
            self.error = error.with_traceback(None)
        self.close()

    def take_error(self) -> Exception:
        """The error of an interruption, for one reader."""
        error, self.error = self.error, None
        assert error is not None
        return error

    def _drop(self) -> None:
        if self._response is not None:
            response, self._response = self._response, None
            if self._begun and not self.loop.is_running():
                endings.hang_up(response)
            response.close()


class Stream:
    """The deltas of one flow, whose connection goes back when they end, when it is closed, or when it is dropped.

    Those that have come and need not be waited for are ``ready``.
    """

    def __init__(self, served: Served) -> None:
        self._served = served
        assert served.deltas is not None
        self.ready = served.deltas

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> ModelResponse:
        if not self.ready:
            served = self._served
            if served.error is not None:
                raise served.take_error()
            if not served.ended:
                await served.advance()
            if not self.ready:
                raise StopAsyncIteration
        return self.ready.popleft()

    def close(self) -> None:
        """Stop the flow and close its connection, from any thread."""
        self._served.close_in_loop(self._close)

    def interrupt(self, closed: str) -> None:
        """Stop the flow with an error, which whoever reads the stream is given after what had come."""
        served = self._served
        served.close_in_loop(lambda: served.interrupt(closed))

    def _close(self) -> None:
        self.ready.clear()
        self._served.close()

    def __del__(self) -> None:
        served = self._served
        if not served.ended:
            served.close_in_loop(served.close)
