"""Real connections that all lead to one server, whatever address a config names."""

from __future__ import annotations

from copy import copy
from typing import Any
from urllib.parse import urlsplit

from modelhub.aio import AioDriver
from modelhub.base.drivers import Drivers
from modelhub.overriding import override
from modelhub.sync import SyncDriver
from modelhub.wire import Reply, Request, Way

_DIRECT = Way(own_proxy=True)


class LeadingDrivers(Drivers):
    """Sends each request to ``url`` in place of its own host: ``model.drivers = LeadingDrivers(server.url)``.

    The path, the query and all else stay; neither a proxy nor TLS is used. ``hosts`` are the addresses that were meant,
    in the order of the requests. Without ``pauses``, what waits between two requests takes no time; what waits
    for another call does.
    """

    def __init__(self, url: str, *, pauses: bool = True) -> None:
        super().__init__()
        self.url = url
        self.pauses = pauses
        self.hosts: list[str] = []

    @override
    def build_sync(self) -> SyncDriver:
        """A blocking driver whose requests are led."""
        from modelhub.sync.pool import Pool

        return SyncDriver(_Pool(Pool(), self), None if self.pauses else _pass, waits=True)

    @override
    def build_aio(self) -> AioDriver:
        """A driver for event loops whose requests are led."""
        return _Aio(self)

    def lead(self, request: Request) -> Request:
        """``request`` with the address of the server in place of its own; a malformed one stays as it is."""
        try:
            parts = urlsplit(request.url)
        except ValueError:
            return request
        if not parts.hostname:
            return request
        self.hosts.append(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
        led = copy(request)
        scheme, _, host = self.url.partition("://")
        login = parts.netloc.rpartition("@")[0]
        led.url = parts._replace(scheme=scheme, netloc=f"{login}@{host}" if login else host).geturl()
        led.way = _DIRECT
        return led


def _pass(seconds: float) -> None:
    """A pause that takes no time."""


async def _apass(seconds: float) -> None:
    """The same in an event loop."""


class _Pool:
    """The connections of blocking calls."""

    def __init__(self, pool: Any, drivers: LeadingDrivers) -> None:
        self._pool = pool
        self._drivers = drivers

    def fetch(self, request: Request) -> Reply:
        """The whole reply to a request."""
        reply: Reply = self._pool.fetch(self._drivers.lead(request))
        return reply

    def open(self, request: Request) -> tuple[Any, Reply]:
        """The reply to a request, with its body left open."""
        opened: tuple[Any, Reply] = self._pool.open(self._drivers.lead(request))
        return opened

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _Aio(AioDriver):
    def __init__(self, drivers: LeadingDrivers) -> None:
        super().__init__(sleep=None if drivers.pauses else _apass, waits=True)
        self._drivers = drivers

    @override
    def session(self) -> Any:
        return _Session(super().session(), self._drivers)


class _Session:
    """The connections of an event loop."""

    def __init__(self, session: Any, drivers: LeadingDrivers) -> None:
        self._session = session
        self._drivers = drivers
        self.read = session.read
        self.give_back = session.give_back
        self.track = session.track

    async def fetch(self, request: Request) -> Reply:
        """The whole reply to a request."""
        reply: Reply = await self._session.fetch(self._drivers.lead(request))
        return reply

    async def open(self, request: Request) -> tuple[Any, Reply]:
        """The reply to a request, with its body left open."""
        opened: tuple[Any, Reply] = await self._session.open(self._drivers.lead(request))
        return opened
