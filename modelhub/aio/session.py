"""The connections of one event loop, which close when their loop shuts down."""

from __future__ import annotations

import asyncio
import os
import ssl
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.request import getproxies, proxy_bypass

import aiohttp
import certifi
from aiohttp.http import HttpProcessingError
from yarl import URL

from modelhub.aio.connector import Connector
from modelhub.aio.deadlines import Deadlines, Wait
from modelhub.engine import connection_errors as outages
from modelhub.engine.interruptions import find_interruption, is_malformed
from modelhub.errors import ModelCallError
from modelhub.wire import Reply, Request

ERROR_BODY = 1 << 20  # of an error page no more is read
_FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError)


class Closable(Protocol):
    """What uses a connection for longer than one call."""

    def close(self) -> None:
        """Close the connection."""


_ALIVE: set[Session] = set()  # a session outlives a registry that was dropped unclosed: its loop closes it


class Session:
    """The connections of one event loop."""

    def __init__(self, forget: Callable[[], Any]) -> None:
        self.watch = Deadlines()
        self._connector = Connector(self.watch, limit=1000)
        self._client = aiohttp.ClientSession(connector=self._connector, cookie_jar=aiohttp.DummyCookieJar())
        self._urls: dict[str, tuple[URL, str | None, ssl.SSLContext | bool]] = {}
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._open: weakref.WeakSet[Closable] = weakref.WeakSet()
        self._forget = forget
        _ALIVE.add(self)
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
        """Let go of the session of a loop that was closed without shutting down."""
        _ALIVE.discard(self)

    async def close(self) -> None:
        """Close every connection, and the streams that still use one."""
        await self._keeper.aclose()

    async def _close_client(self) -> None:
        for stream in list(self._open):
            stream.close()
        _ALIVE.discard(self)
        self.watch.close()
        await self._client.close()

    async def send(self, request: Request, wait: Wait) -> aiohttp.ClientResponse:
        """Send ``request`` for the task of ``wait``, and return its response with the body unread."""
        try:
            route = self._urls.get(request.url)
            if route is None:
                if len(self._urls) > 1000:
                    self._urls.clear()
                route = self._urls[request.url] = _route(request.url)
            timeout = self._timeouts.get(request.connect_timeout)
            if timeout is None:
                timeout = aiohttp.ClientTimeout(total=None, sock_connect=request.connect_timeout)
                self._timeouts[request.connect_timeout] = timeout
            return await self._client.request(
                request.method,
                route[0],
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                timeout=timeout,
                proxy=route[1],
                ssl=route[2],
            )
        except BaseException as error:
            raise self.translate(error, wait, request) from None

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
                    body = await self.read_on(response, body, wait)
            except BaseException as error:
                response.close()
                raise self.translate(error, wait, request) from None
        finally:
            watch.end(wait)
        return Reply(response.status, response.headers, body)

    async def read_on(self, response: aiohttp.ClientResponse, body: bytes, wait: Wait) -> bytes:
        """The rest of a body that came in several pieces; of an error page not all."""
        pieces = [body]
        size = len(body)
        while not response.content.at_eof():
            self.watch.renew(wait)
            piece = await response.content.readany()
            pieces.append(piece)
            size += len(piece)
            if response.status >= 300 and size >= ERROR_BODY:
                response.close()
                break
        return b"".join(pieces)

    def translate(self, error: BaseException, wait: Wait, request: Request) -> BaseException:
        """The error to raise for ``error``: ours where the watch or the connection ended the request."""
        if self.watch.ended(error, wait):
            if wait.connection is not None:
                return outages.silent(request)
            return outages.no_free_connection(request, self._connector.limit if self._connector.full else None)
        return _translate(error, request) if isinstance(error, Exception) else error

    def track(self, stream: Closable) -> None:
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
                    body = await self.read_on(response, b"", wait)
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


def _route(url: str) -> tuple[URL, str | None, ssl.SSLContext | bool]:
    """The parsed URL, the proxy that the environment names for it, and the certificates to trust."""
    parsed = URL(url)
    proxies = getproxies()
    proxy = None if proxy_bypass(parsed.host or "") else proxies.get(parsed.scheme) or proxies.get("all")
    return parsed, proxy, _ssl_context() if parsed.scheme == "https" else True


@cache
def _ssl_context() -> ssl.SSLContext:
    """The certificates that requests would trust: those the environment names, else certifi's."""
    path = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if path and Path(path).is_dir():
        return ssl.create_default_context(capath=path)
    return ssl.create_default_context(cafile=path or certifi.where())


def _translate(error: Exception, request: Request) -> BaseException:
    """The error of ours that an exception of aiohttp means; any other exception is raised as it is."""
    if isinstance(error, ModelCallError):
        return error
    if not isinstance(error, _FAILURES):
        malformed = isinstance(error, ValueError | TypeError) and is_malformed(request)
        return outages.unsendable(request, type(error).__name__) if malformed else error
    interruption = find_interruption(error)
    if interruption is not None:
        return interruption
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return outages.not_connected(request)
    if isinstance(error, asyncio.TimeoutError | aiohttp.ServerTimeoutError):
        return outages.silent(request)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        inner = getattr(error, "os_error", None)
        return outages.insecure(request, _describe(inner if isinstance(inner, Exception) else error))
    if isinstance(error, aiohttp.InvalidURL):
        return outages.unsendable(request, type(error).__name__)
    if isinstance(error, aiohttp.ClientConnectorError):
        return outages.broken(request, _describe(error.os_error))
    if isinstance(error, aiohttp.ClientPayloadError):
        return outages.cut_short(request)
    return outages.broken(request, _describe(error))


def _describe(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        number = error.errno or 0
        known = number > 0 and not isinstance(error, ssl.SSLError)
        return os.strerror(number) if known else error.strerror  # asyncio's own text repeats the address
    return str(error) or type(error).__name__
