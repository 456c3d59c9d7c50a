"""The asyncio driver: performs what the engine asks for in the running event loop."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, Any

from modelhub.aio import endings
from modelhub.aio.streams import REGISTRY, Served, Stream
from modelhub.engine import connection_errors as outages
from modelhub.engine.effects import Flow, Wait

if TYPE_CHECKING:
    from modelhub.aio.session import Session


class AioDriver:
    """Serves flows with a session of connections for each event loop that has used it, opened for the first request.

    A session closes by itself when its event loop shuts its async generators down, as ``asyncio.run`` does.
    ``session`` replaces those sessions by one of its own; it has ``fetch``, ``open``, ``read`` and ``give_back`` as
    ``modelhub.aio.session.Session`` does. ``sleep`` waits. With ``waits``, what waits for others does so in earnest,
    even where ``sleep`` takes no time.
    """

    def __init__(
        self, session: Any = None, sleep: Callable[[float], Awaitable[Any]] | None = None, *, waits: bool = False
    ) -> None:
        self._waits = waits or sleep is None
        self._sessions: dict[asyncio.AbstractEventLoop, Session] = {}
        self._given = session
        self.sleep = sleep or asyncio.sleep
        self._virtual = sleep
        self._waiting: set[Callable[[], object]] = set()
        self._unconnected: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._lock = threading.RLock()
        self._closed = False

    def run(self, flow: Flow[Any]) -> Coroutine[Any, Any, Any]:
        """Serve ``flow`` and return its result; of a stream, once it has begun, a response that serves the rest."""
        return Served(self, flow).advance()

    async def wait(self, effect: Wait) -> None:
        """Wait until somebody wakes this task; where pauses take no time, a wait that ends by itself is one."""
        if not self._waits and isfinite(effect.seconds):
            await self.sleep(effect.seconds)
            return
        loop = asyncio.get_running_loop()
        event = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(event.set)

        with self._lock:
            self._waiting.add(wake)
        try:
            effect.on.listen(wake)
            if not self._closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(effect.seconds if isfinite(effect.seconds) else None):
                        await event.wait()
        finally:
            with self._lock:
                self._waiting.discard(wake)
        if self._closed:
            raise outages.ended(REGISTRY)

    async def run_together(self, flows: Sequence[Flow[Any]]) -> list[Any]:
        """The results of flows that are served at once; one after the other where pauses take no time."""
        if self._virtual is not None:
            return [await self.run(flow) for flow in flows]
        tasks = [asyncio.ensure_future(self.run(flow)) for flow in flows]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def track(self, stream: Stream) -> None:
        """Have ``stream``, which has no connection, closed with the driver."""
        with self._lock:
            self._unconnected.add(stream)

    def close(self) -> None:
        """Close every session and what is being streamed; those of running loops are closed by their loops, soon."""
        with self._lock:
            self._closed = True
            streams = list(self._unconnected)
            waiting = list(self._waiting)
            sessions, self._sessions = self._sessions, {}
        for wake in waiting:
            with suppress(RuntimeError):  # its loop is closed
                wake()
        for stream in streams:
            stream.interrupt(REGISTRY)
        for loop, session in sessions.items():
            endings.close_soon(loop, session, REGISTRY)

    async def aclose(self) -> None:
        """Close the session of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close(REGISTRY)

    def session(self) -> Any:
        """The connections of the running loop; raises ConnectionError when the registry was closed meanwhile."""
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        return self._sessions.get(loop) or self._open_session(loop)

    def _open_session(self, loop: asyncio.AbstractEventLoop) -> Session:
        from modelhub.aio.session import Session  # only models over HTTP need it

        with self._lock:
            if self._closed:
                raise outages.ended(REGISTRY)
            for other in [other for other in self._sessions if other.is_closed()]:
                self._sessions.pop(other).forsake()
            session = self._sessions[loop] = Session(lambda: self._sessions.pop(loop, None))
        return session
