"""The connections of one event loop, which close when their loop shuts down."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import aiohttp

from modelhub.aio import endings
from modelhub.aio.connections import Connector, is_dead
from modelhub.aio.deadlines import Deadlines, Wait
from modelhub.aio.exchanges import Response, Route, exchange
from modelhub.aio.faults import translate
from modelhub.engine import connection_errors as outages
from modelhub.engine.malformed import is_http_url, is_malformed
from modelhub.engine.parsing import too_large
from modelhub.wire import Reply, Request, Way

ERROR_BODY = 1 << 20  # of an error page no more is read
_SOONER = 0.95


class Interruptible(Protocol):
    """What uses a connection for longer than one call."""

    def interrupt(self, closed: str) -> None:
        """Close the connection, since ``closed`` is; whoever reads what comes over it is told."""


class Session:
    """The connections of one event loop."""

    def __init__(self, forget: Callable[[], Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self.pid = os.getpid()
        self._ended = "its event loop"  # what ends the session
        self.watch = Deadlines()
        self._connector = Connector(self.watch, limit=1000)
        self._others: dict[Way, Connector] = {}  # no way shares a connection with another
        self._routes: dict[str | tuple[Way, str], Route] = {}
        self._timeouts: dict[tuple[float, float], aiohttp.ClientTimeout] = {}
        self._open: weakref.WeakSet[Interruptible] = weakref.WeakSet()
        self._forget = forget
        endings.keep(self._loop, self)
        self._keeper = self._until_shutdown()
        with suppress(StopIteration):
            self._keeper.asend(None).send(None)  # enter the generator, so that the loop closes it at its shutdown

    async def _until_shutdown(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._forget()
            await self._close_client()

    def forsake(self) -> None:
        """Let go of the session of a loop that is closed already."""
        endings.release(self._loop, self)
        with suppress(RuntimeError):
            for connector in (self._connector, *self._others.values()):
                with suppress(StopIteration):
                    next(connector.close().__await__())  # it waits for nothing in such a loop

    async def close(self, what: str = "its event loop") -> None:
        """Close every connection, and what still uses one, since ``what`` is closed."""
        self._ended = what
        with suppress(RuntimeError):  # it is being closed
            await self._keeper.aclose()

    async def _close_client(self) -> None:
        for stream in list(self._open):
            stream.interrupt(self._ended)
        endings.release(self._loop, self)
        self.watch.close()
        for connector in (self._connector, *self._others.values()):
            await connector.close()

    async def send(self, request: Request, wait: Wait) -> Response:
        """Send ``request`` for the task of ``wait``, and return its response with the body unread."""
        try:
            route = self._routes.get(request.url if request.way is None else (request.way, request.url))
            if route is None:
                route = self._find_route(request)
            try:
                response = await self._exchange(request, route)
            except (aiohttp.ClientError, ConnectionResetError) as error:
                if not is_dead(error) or hasattr(request, "once"):
                    raise
                # Others were kept as long, and are most likely dead, too.
                route.connector.drop_idle(route.url.host, route.url.port)
                response = await self._exchange(request, route)
        except BaseException as error:
            failure = self.translate(error, wait, request)
            if failure is error:
                raise
        else:
            if response.status < 200 or response.status == 407 or response.version != aiohttp.HttpVersion11:
                self._check(request, response, route)
            return response
        raise failure  # here, so that what it stands for does not come along: it knows how to log in at a proxy

    def _find_route(self, request: Request) -> Route:
        url, way = request.url, request.way
        if not is_http_url(url):
            raise outages.unsendable(request)
        if len(self._routes) > 1000:
            self._routes.clear()
        if way is None:
            route = self._routes[url] = Route(url, self._loop, self._connector, None)
            return route
        connector = self._others.get(way)
        if connector is None:
            connector = self._others[way] = Connector(self.watch, limit=1000)
        route = self._routes[way, url] = Route(url, self._loop, connector, way)
        return route

    def _exchange(self, request: Request, route: Route) -> Awaitable[Response]:
        limits = request.connect_timeout, request.timeout if request.first_token is None else float("inf")
        timeout = self._timeouts.get(limits)
        if timeout is None:
            # A little less than the time for a reply, so that it is clear which of both has passed.
            seconds = min(limits[0], _SOONER * limits[1])
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=seconds, ceil_threshold=float("inf"))
            self._timeouts[limits] = timeout
        headers = request.headers
        if not "".join((*headers, *headers.values())).isascii() and is_malformed(request):
            raise ValueError("HTTP cannot carry a header")
        return exchange(route, request, timeout)

    def _check(self, request: Request, response: Response, route: Route) -> None:
        """Raise the error for what is no reply of the server that was asked."""
        error = None
        if response.status == 101:
            error = outages.switched(request)
        elif response.status < 200 or (response.version is not None and response.version.major > 1):
            error = outages.not_http(request, b"HTTP/2" if response.status >= 200 else b"")
        elif response.status == 407 and route.proxy is not None and route.asked:
            error = outages.refused_by_proxy(request, route.proxy, response.status)
        if error is not None:
            response.close()
            raise error

    async def fetch(self, request: Request) -> Reply:
        """Send ``request`` and read its reply."""
        watch = self.watch
        wait = watch.begin(request.timeout) if not request.is_bounded else self._begin(request)
        try:
            response = await self.send(request, wait)
            try:
                content = response.content
                body = await content.readany()
                response.begun = True
                if wait.strict:
                    watch.go_on(wait, request.timeout)
                if not content.at_eof():
                    body = await self.read_on(response, body, wait, request)
                if len(body) > request.max_body and response.status < 300:
                    raise too_large("max_body", request.max_body, Reply(response.status, response.headers))
            except BaseException as error:
                response.close()
                raise self.translate(error, wait, request, response) from None
        finally:
            watch.end(wait)
        return Reply(response.status, response.headers, body)

    def _begin(self, request: Request) -> Wait:
        """Watch the running task until the first byte of a body, where more bounds it than ``timeout``."""
        first, deadline = request.first_token, request.deadline
        until = float("inf") if deadline is None else self._loop.time() + deadline.left()
        if first is None:
            return self.watch.begin(request.timeout, until=until)
        longest = max(request.connect_timeout / _SOONER, request.timeout, first)
        wait = self.watch.begin(longest, None, True, until)
        wait.timeout = first  # as soon as there is a connection
        return wait

    async def read_on(self, response: Response, body: bytes, wait: Wait, request: Request) -> bytes:
        """The rest of a body that came in several pieces; of one that is too large, not all."""
        pieces = [body]
        size = len(body)
        limit = ERROR_BODY if response.status >= 300 else request.max_body + 1
        while size < limit and not response.content.at_eof():
            if response.begun or not wait.strict:
                self.watch.renew(wait)
            piece = await response.content.readany()
            pieces.append(piece)
            size += len(piece)
            if wait.strict:
                self.watch.go_on(wait, request.timeout)
            response.begun = True
        if size >= limit:
            response.close()
        return b"".join(pieces)

    def translate(
        self, error: BaseException, wait: Wait, request: Request, response: Response | None = None
    ) -> BaseException:
        """The error to raise for ``error``: ours where the watch or the connection ended the request."""
        if self.watch.ended(error, wait):
            if self.watch.is_over(wait):
                return outages.out_of_time()
            if wait.connection is not None:
                return outages.silent(request, response is not None and response.begun)
            return outages.no_free_connection(request, self._connector.limit if wait.queued else None)
        if not isinstance(error, Exception):
            return error
        if self._connector.closed:
            return outages.ended(self._ended)
        route = self._routes.get(request.url if request.way is None else (request.way, request.url))
        if isinstance(error, aiohttp.ConnectionTimeoutError) and self.watch.is_over(wait):
            return outages.out_of_time()
        return translate(error, request, route.proxy if route is not None else None, response is not None)

    def track(self, stream: Interruptible) -> None:
        """Have ``stream`` closed with the session."""
        self._open.add(stream)

    async def read(self, response: Response, request: Request) -> bytes:
        """The next bytes of an open body, ``b""`` at its end."""
        connection = response.connection
        protocol: Any = None if connection is None else connection.protocol
        if response.is_bounded:
            wait = self._begin_read(request, response, protocol)
        else:
            wait = self.watch.begin(request.timeout, protocol)
        try:
            data = await response.content.readany()
            response.begun = True
            return data
        except BaseException as error:
            raise self.translate(error, wait, request, response) from None
        finally:
            self.watch.end(wait)

    def _begin_read(self, request: Request, response: Response, protocol: Any) -> Wait:
        """Watch the running task until the next bytes, where more bounds it than ``timeout``."""
        if request.first_token is None or response.begun:
            return self.watch.begin(request.timeout, protocol, until=response.until)
        return self.watch.begin(response.first_by - self._loop.time(), protocol, True, response.until)

    async def open(self, request: Request) -> tuple[Response, Reply]:
        """Send ``request`` and leave the body of a success to be read; that of an error is in the reply."""
        wait = self.watch.begin(request.timeout) if not request.is_bounded else self._begin(request)
        try:
            response = await self.send(request, wait)
            if request.is_bounded:
                response.is_bounded, response.first_by, response.until = True, wait.deadline, wait.until
            body = b""
            if response.status >= 300:
                try:
                    body = await self.read_on(response, b"", wait, request)
                except BaseException as error:
                    response.close()
                    raise self.translate(error, wait, request, response) from None
        finally:
            self.watch.end(wait)
        return response, Reply(response.status, response.headers, body)

    async def give_back(self, response: Response) -> None:
        """Return the connection of a stream that has ended, if its framing ends promptly too; else close it."""
        with suppress(aiohttp.ClientError, OSError):
            if not response.content.at_eof():
                async with asyncio.timeout(0.2):
                    while await response.content.readany():
                        pass
        response.close()
