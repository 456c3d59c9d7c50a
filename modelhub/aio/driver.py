"""The asyncio driver: performs what the engine asks for in the running event loop."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from modelhub.aio import endings
from modelhub.aio.streams import REGISTRY, Served, Stream
from modelhub.engine import connection_errors as outages
from modelhub.engine.effects import Flow

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
        self._unconnected: weakref.WeakSet[Stream] = weakref.WeakSet()
        self._lock = threading.RLock()
        self._closed = False

    def run(self, flow: Flow[Any]) -> Coroutine[Any, Any, Any]:
        """Serve ``flow`` and return its result; of a stream, once it has begun, a response that serves the rest."""
        return Served(self, flow).advance()

    def track(self, stream: Stream) -> None:
        """Have ``stream``, which has no connection, closed with the driver."""
        with self._lock:
            self._unconnected.add(stream)

    def close(self) -> None:
        """Close every session and what is being streamed; those of running loops are closed by their loops, soon."""
        with self._lock:
            self._closed = True
            streams = list(self._unconnected)
            sessions, self._sessions = self._sessions, {}
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
