"""The connections of one event loop, which close when their loop shuts down."""

from __future__ import annotations

import asyncio
import inspect
import os
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, Protocol

import aiohttp
from yarl import URL

from modelhub.aio import endings
from modelhub.aio.connections import Connector, is_dead
from modelhub.aio.deadlines import Deadlines, Wait
from modelhub.aio.faults import translate
from modelhub.engine import connection_errors as outages
from modelhub.engine.parsing import too_large
from modelhub.network.certificates import build_context
from modelhub.network.limits import MAX_FIELDS, MAX_LINE
from modelhub.network.proxies import find_login, find_proxy
from modelhub.wire import Reply, Request

ERROR_BODY = 1 << 20  # of an error page no more is read
_LIMITS: dict[str, Any] = {"max_line_size": MAX_LINE, "max_field_size": MAX_LINE}
if "max_headers" in inspect.signature(aiohttp.ClientSession).parameters:  # not in the older ones
    _LIMITS["max_headers"] = MAX_FIELDS


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
        self._client = aiohttp.ClientSession(connector=self._connector, cookie_jar=aiohttp.DummyCookieJar(), **_LIMITS)
        self._routes: dict[str, _Route] = {}
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
        with suppress(StopIteration, RuntimeError):
            self._client.close().send(None)  # it waits for nothing in such a loop

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
        await self._client.close()

    async def send(self, request: Request, wait: Wait) -> aiohttp.ClientResponse:
        """Send ``request`` for the task of ``wait``, and return its response with the body unread."""
        try:
            route = self._routes.get(request.url)
            if route is None:
                if len(self._routes) > 1000:
                    self._routes.clear()
                route = self._routes[request.url] = _Route(request.url)
            try:
                response = await self._request(request, route)
            except (aiohttp.ClientError, ConnectionResetError) as error:
                if not is_dead(error):
                    raise
                # Others were kept as long, and are most likely dead, too.
                self._connector.drop_idle(route.url.host, route.url.port)
                response = await self._request(request, route)
        except BaseException as error:
            raise self.translate(error, wait, request, begun=False) from None
        if response.status < 200 or response.status == 407 or response.version != aiohttp.HttpVersion11:
            self._check(request, response, route)
        return response

    async def _request(self, request: Request, route: _Route) -> aiohttp.ClientResponse:
        limits = request.connect_timeout, request.timeout
        timeout = self._timeouts.get(limits)
        if timeout is None:
            # A little less than the time for a reply, so that it is clear which of both has passed.
            seconds = min(limits[0], 0.95 * limits[1])
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=seconds, ceil_threshold=float("inf"))
            self._timeouts[limits] = timeout
        headers = request.headers
        if route.headers is not None:
            headers = {**headers, **route.headers}
        if route.login is not None and not any(name.lower() == "authorization" for name in headers):
            headers = {**headers, "Authorization": route.login}
        return await self._client.request(
            request.method,
            route.url,
            data=request.body,
            headers=headers,
            allow_redirects=False,
            timeout=timeout,
            proxy=route.proxy,
            proxy_headers=route.proxy_headers,
            ssl=route.tls,
        )

    def _check(self, request: Request, response: aiohttp.ClientResponse, route: _Route) -> None:
        """Raise the error for what is no reply of the server that was asked."""
        error = None
        if response.status == 101:
            error = outages.switched(request)
        elif response.status < 200 or (response.version is not None and response.version.major > 1):
            error = outages.not_http(request, b"HTTP/2" if response.status >= 200 else b"")
        elif response.status == 407 and route.proxy is not None:
            error = outages.refused_by_proxy(request, route.proxy, response.status)
        if error is not None:
            response.close()
            raise error

    async def fetch(self, request: Request) -> Reply:
        """Send ``request`` and read its reply."""
        watch = self.watch
        wait = watch.begin(request.timeout)
        try:
            response = await self.send(request, wait)
            try:
                content = response.content
                body = await content.readany()
                if not content.at_eof():
                    body = await self.read_on(response, body, wait, request)
                if len(body) > request.max_body and response.status < 300:
                    raise too_large("max_body", request.max_body, Reply(response.status, response.headers))
            except BaseException as error:
                response.close()
                raise self.translate(error, wait, request) from None
        finally:
            watch.end(wait)
        return Reply(response.status, response.headers, body)

    async def read_on(self, response: aiohttp.ClientResponse, body: bytes, wait: Wait, request: Request) -> bytes:
        """The rest of a body that came in several pieces; of one that is too large, not all."""
        pieces = [body]
        size = len(body)
        limit = ERROR_BODY if response.status >= 300 else request.max_body + 1
        while size < limit and not response.content.at_eof():
            self.watch.renew(wait)
            piece = await response.content.readany()
            pieces.append(piece)
            size += len(piece)
        if size >= limit:
            response.close()
        return b"".join(pieces)

    def translate(self, error: BaseException, wait: Wait, request: Request, begun: bool = True) -> BaseException:
        """The error to raise for ``error``: ours where the watch or the connection ended the request."""
        if self.watch.ended(error, wait):
            if wait.connection is not None:
                return outages.silent(request)
            return outages.no_free_connection(request, self._connector.limit if wait.queued else None)
        if not isinstance(error, Exception):
            return error
        if self._client.closed:
            return outages.ended(self._ended)
        route = self._routes.get(request.url)
        return translate(error, request, route.proxy if route is not None else None, begun)

    def track(self, stream: Interruptible) -> None:
        """Have ``stream`` closed with the session."""
        self._open.add(stream)

    async def read(self, response: aiohttp.ClientResponse, request: Request) -> bytes:
        """The next bytes of an open body, ``b""`` at its end."""
        connection = response.connection
        protocol: Any = None if connection is None else connection.protocol
        wait = self.watch.begin(request.timeout, protocol)
        try:
            return await response.content.readany()
        except BaseException as error:
            raise self.translate(error, wait, request) from None
        finally:
            self.watch.end(wait)

    async def open(self, request: Request) -> tuple[aiohttp.ClientResponse, Reply]:
        """Send ``request`` and leave the body of a success to be read; that of an error is in the reply."""
        wait = self.watch.begin(request.timeout)
        try:
            response = await self.send(request, wait)
            body = b""
            if response.status >= 300:
                try:
                    body = await self.read_on(response, b"", wait, request)
                except BaseException as error:
                    response.close()
                    raise self.translate(error, wait, request) from None
        finally:
            self.watch.end(wait)
        return response, Reply(response.status, response.headers, body)

    async def give_back(self, response: aiohttp.ClientResponse) -> None:
        """Return the connection of a stream that has ended, if its framing ends promptly too; else close it."""
        with suppress(aiohttp.ClientError, OSError):
            if not response.content.at_eof():
                async with asyncio.timeout(0.2):
                    while await response.content.readany():
                        pass
        response.close()


class _Route:
    """How a URL is reached, worked out once for each."""

    __slots__ = ("headers", "login", "proxy", "proxy_headers", "tls", "url")

    def __init__(self, url: str) -> None:
        self.url = URL(url)
        self.login = find_login(url)
        if self.login is not None:
            self.url = self.url.with_user(None)
        proxy = find_proxy(url)
        self.proxy = proxy.url if proxy is not None else None
        secure = self.url.scheme == "https"
        self.tls: Any = build_context() if secure or (proxy is not None and proxy.url.startswith("https:")) else True
        login = {"Proxy-Authorization": proxy.authorization} if proxy is not None and proxy.authorization else None
        self.proxy_headers = login if secure else None
        self.headers = None if secure else login  # a proxy that is asked for no way reads the request's own
