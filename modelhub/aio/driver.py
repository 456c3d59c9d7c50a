"""The asyncio driver: performs what the engine asks for in the running event loop."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelhub.engine.effects import Flow, Invoke, Read, Sleep
from modelhub.response import ModelResponse, StreamedResponse
from modelhub.response.accumulator import Accumulator
from modelhub.wire import Request

if TYPE_CHECKING:
    from modelhub.aio.session import Session


class AioDriver:
    """Serves flows with a session of connections for each event loop that has used it, opened for the first request.

    A session closes by itself when its event loop shuts its async generators down, as ``asyncio.run`` does.
    ``session`` replaces those sessions by one of its own; it has ``fetch``, ``open``, ``read`` and ``give_back`` as
    ``modelhub.aio.session.Session`` does. ``sleep`` waits.
    """

    def __init__(self, session: Any = None, sleep: Callable[[float], Awaitable[Any]] | None = None) -> None:
        self._sessions: dict[asyncio.AbstractEventLoop, Session] = {}
        self._given = session
        self.sleep = sleep or asyncio.sleep
        self._unconnected: weakref.WeakSet[_Stream] = weakref.WeakSet()

    def run(self, flow: Flow[Any]) -> Coroutine[Any, Any, Any]:
        """Serve ``flow`` and return its result; of a stream, once it has begun, a response that serves the rest."""
        return _Served(self, flow).advance()

    def track(self, stream: _Stream) -> None:
        """Have ``stream``, which has no connection, closed with the driver."""
        self._unconnected.add(stream)

    def close(self) -> None:
        """Close every session; those of running loops are closed by their loops, soon."""
        for stream in list(self._unconnected):
            stream.close()
        sessions, self._sessions = self._sessions, {}
        for loop, session in sessions.items():
            if loop.is_closed():
                continue
            if loop.is_running():
                with suppress(RuntimeError):  # it has just been closed
                    loop.call_soon_threadsafe(_spawn, session.close)
            else:
                loop.run_until_complete(session.close())

    async def aclose(self) -> None:
        """Close the session of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    def session(self) -> Any:
        """The connections of the running loop."""
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            from modelhub.aio.session import Session  # only models over HTTP need it

            for other in [other for other in list(self._sessions) if other.is_closed()]:
                self._sessions.pop(other).forsake()
            session = self._sessions[loop] = Session(lambda: self._sessions.pop(loop, None))
        return session


_CLOSING: set[asyncio.Task[None]] = set()


def _spawn(close: Callable[[], Any]) -> None:
    task = asyncio.ensure_future(close())
    _CLOSING.add(task)
    task.add_done_callback(_CLOSING.discard)


class _Served:
    """One flow being served: of a stream ``so_far`` is what it gathers in, ``deltas`` those to be handed over."""

    __slots__ = ("_begun", "_driver", "_flow", "_request", "_response", "_session", "deltas", "ended", "so_far")

    def __init__(self, driver: AioDriver, flow: Flow[Any]) -> None:
        self._driver = driver
        self._flow = flow
        self._request: Any = None
        self._response: Any = None
        self._session: Any = None
        self._begun = False
        self.so_far: Accumulator | None = None
        self.deltas: deque[ModelResponse] | None = None
        self.ended = False

    async def advance(self) -> Any:
        """Serve the flow until it hands over deltas or ends; its result or, at first deltas, the response of them."""
        flow = self._flow
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
                        else:
                            outcome = await session.fetch(effect)
                    elif kind is Sleep:
                        outcome = await self._driver.sleep(effect.seconds)
                    elif kind is Invoke:
                        outcome = await effect.ainvoke()
                    else:
                        raise TypeError(f"a flow asked for {effect!r}")
                except BaseException as error:
                    effect = flow.throw(error)
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

    def _begin(self) -> StreamedResponse:
        self._begun = True
        assert self.so_far is not None
        stream = _Stream(self)
        (self._session or self._driver).track(stream)
        return StreamedResponse.arriving(stream, self.so_far)

    def close(self) -> None:
        """Stop the flow and close its connection."""
        self.ended = True
        self._flow.close()
        self._drop()

    def _drop(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None


class _Stream:
    """The deltas of one flow, whose connection goes back when they end, when it is closed, or when it is dropped."""

    def __init__(self, served: _Served) -> None:
        self._served = served
        assert served.deltas is not None
        self._deltas = served.deltas

    def __aiter__(self) -> _Stream:
        return self

    async def __anext__(self) -> ModelResponse:
        if not self._deltas:
            if not self._served.ended:
                await self._served.advance()
            if not self._deltas:
                raise StopAsyncIteration
        return self._deltas.popleft()

    def close(self) -> None:
        """Stop the flow and close its connection."""
        self._deltas.clear()
        self._served.close()

    def __del__(self) -> None:
        self.close()
