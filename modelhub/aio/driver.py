"""The asyncio driver: performs what the engine asks for in the running event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from modelhub.aio.session import Session
from modelhub.engine.effects import Flow, Invoke, Read, StreamFlow
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Partial
from modelhub.wire import Request


class AsyncTransport:
    """The sessions of the event loops that have used it, and the loops that serve flows with them.

    A session closes by itself when its event loop shuts its async generators down, as ``asyncio.run`` does.
    """

    def __init__(self) -> None:
        self._sessions: dict[asyncio.AbstractEventLoop, Session] = {}

    async def run(self, flow: Flow[Any]) -> Any:
        """Serve ``flow`` to its end and return its result."""
        session = self._session()
        try:
            effect = next(flow)
            while True:
                try:
                    if type(effect) is Request:
                        outcome: Any = await session.fetch(effect)
                    else:
                        outcome = await _invoke(effect)
                except ModelCallError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as done:
            return done.value
        finally:
            flow.close()

    async def arrive(self, flow: StreamFlow, partial: Partial) -> ModelResponse:
        """Serve ``flow`` until its first deltas; the response returned serves the rest as it is read."""
        stream = _Stream(self._session(), flow)
        try:
            await stream.advance()
        except BaseException:
            stream.close()
            raise
        return ModelResponse.arriving(stream, partial)

    def close(self) -> None:
        """Close every session; those of running loops are closed by their loops, soon."""
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

    def _session(self) -> Session:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            for other in [other for other in list(self._sessions) if other.is_closed()]:
                self._sessions.pop(other).forsake()
            session = self._sessions[loop] = Session(lambda: self._sessions.pop(loop, None))
        return session


_CLOSING: set[asyncio.Task[None]] = set()


def _spawn(close: Callable[[], Any]) -> None:
    task = asyncio.ensure_future(close())
    _CLOSING.add(task)
    task.add_done_callback(_CLOSING.discard)


class _Stream:
    """The deltas of one flow, whose connection goes back when they end, when it is closed, or when it is dropped."""

    def __init__(self, session: Session, flow: StreamFlow) -> None:
        self._session = session
        self._flow = flow
        self._deltas: deque[ModelResponse] = deque()
        self._response: Any = None
        self._request: Any = None
        self._ended = False
        session.track(self)

    def __aiter__(self) -> _Stream:
        return self

    async def __anext__(self) -> ModelResponse:
        if not self._deltas:
            try:
                await self.advance()
            except BaseException:
                self.close()
                raise
            if not self._deltas:
                raise StopAsyncIteration
        return self._deltas.popleft()

    async def advance(self) -> None:
        """Serve the flow until it delivers deltas or ends."""
        if self._ended:
            return
        flow = self._flow
        try:
            effect: Any = flow.send(None)
            while True:
                try:
                    kind = type(effect)
                    if kind is list:
                        self._deltas.extend(effect)
                        return
                    if kind is Read:
                        assert self._response is not None
                        outcome: Any = await self._session.read(self._response, self._request)
                    elif kind is Request:
                        self._drop()
                        self._request = effect
                        self._response, outcome = await self._session.open(effect)
                    else:
                        outcome = await _invoke(effect)
                except ModelCallError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration:
            self._ended = True
            response, self._response = self._response, None
            if response is not None:
                await self._session.give_back(response)

    def close(self) -> None:
        self._ended = True
        self._deltas.clear()
        self._flow.close()
        self._drop()

    def _drop(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def __del__(self) -> None:
        self.close()


async def _invoke(effect: Any) -> Any:
    if isinstance(effect, Invoke):
        if effect.delay:
            await asyncio.sleep(effect.delay)
        return await effect.ainvoke()
    raise TypeError(f"a flow asked for {effect!r}")
