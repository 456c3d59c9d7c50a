"""The asyncio driver: performs what the engine asks for with one aiohttp session for each event loop."""

from __future__ import annotations

import asyncio
import os
import ssl
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import certifi
from yarl import URL

from modelhub import outages
from modelhub.engine import Flow, Invoke, Read, StreamFlow
from modelhub.errors import ModelCallError
from modelhub.partial import Partial
from modelhub.response import ModelResponse
from modelhub.watch import Watch
from modelhub.wire import Reply, Request

ERROR_BODY = 1 << 20  # of an error page no more is read


class AsyncTransport:
    """The sessions of the event loops that have used it, and the loops that serve flows with them.

    A session closes by itself when its event loop shuts its async generators down, as ``asyncio.run`` does.
    """

    def __init__(self) -> None:
        self._sessions: dict[asyncio.AbstractEventLoop, _Session] = {}

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
                loop.call_soon_threadsafe(_spawn, session.close)
            else:
                loop.run_until_complete(session.close())

    async def aclose(self) -> None:
        """Close the session of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()

    def _session(self) -> _Session:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            for other in [other for other in self._sessions if other.is_closed()]:
                _ALIVE.discard(self._sessions.pop(other))
            session = self._sessions[loop] = _Session(lambda: self._sessions.pop(loop, None))
        return session


_CLOSING: set[asyncio.Task[None]] = set()
_ALIVE: set[_Session] = set()  # a session outlives a registry that was dropped unclosed: its loop closes it


def _spawn(close: Callable[[], Any]) -> None:
    task = asyncio.ensure_future(close())
    _CLOSING.add(task)
    task.add_done_callback(_CLOSING.discard)


class _Session:
    """The connections of one event loop."""

    def __init__(self, forget: Callable[[], Any]) -> None:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1000),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._urls: dict[str, tuple[URL, str | None, ssl.SSLContext | bool]] = {}
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self.watch = Watch()
        self._open: weakref.WeakSet[_Stream] = weakref.WeakSet()
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

    async def close(self) -> None:
        await self._keeper.aclose()

    async def _close_client(self) -> None:
        for stream in list(self._open):
            stream.close()
        _ALIVE.discard(self)
        self.watch.close()
        await self._client.close()

    async def send(self, request: Request, task: asyncio.Task[Any]) -> aiohttp.ClientResponse:
        """Send ``request`` for ``task``, which is being watched, and return its response with the body unread."""
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
            raise self.translate(error, task, request) from None

    async def fetch(self, request: Request) -> Reply:
        """Send ``request`` and read its reply."""
        if request.delay:
            await asyncio.sleep(request.delay)
        watch = self.watch
        task = watch.begin(request.timeout)
        try:
            response = await self.send(request, task)
            try:
                content = response.content
                body = await content.readany()
                if not content.at_eof():
                    body = await self.read_on(response, body, task, request.timeout)
            except BaseException as error:
                response.close()
                raise self.translate(error, task, request) from None
        finally:
            watch.end(task)
        return Reply(response.status, response.headers, body)

    async def read_on(
        self, response: aiohttp.ClientResponse, body: bytes, task: asyncio.Task[Any], timeout: float
    ) -> bytes:
        """The rest of a body that came in several pieces; of an error page not all."""
        pieces = [body]
        size = len(body)
        while not response.content.at_eof():
            self.watch.renew(task, timeout)
            piece = await response.content.readany()
            pieces.append(piece)
            size += len(piece)
            if response.status >= 300 and size >= ERROR_BODY:
                response.close()
                break
        return b"".join(pieces)

    def translate(self, error: BaseException, task: asyncio.Task[Any], request: Request) -> BaseException:
        """The error to raise for ``error``: ours where the watch or the connection ended the request."""
        if self.watch.ended(error, task):
            return outages.silent(request)
        return _translate(error, request) if isinstance(error, Exception) else error

    def track(self, stream: _Stream) -> None:
        """Have ``stream`` closed with the session."""
        self._open.add(stream)


class _Stream:
    """The deltas of one flow, whose connection goes back when they end, when it is closed, or when it is dropped."""

    def __init__(self, session: _Session, flow: StreamFlow) -> None:
        self._session = session
        self._flow = flow
        self._deltas: deque[ModelResponse] = deque()
        self._response: aiohttp.ClientResponse | None = None
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
                        outcome: Any = await self._read()
                    elif kind is Request:
                        outcome = await self._send(effect)
                    else:
                        outcome = await _invoke(effect)
                except ModelCallError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration:
            self._ended = True
            await self._give_back()

    async def _send(self, request: Request) -> Reply:
        if self._response is not None:
            self._response.close()
            self._response = None
        if request.delay:
            await asyncio.sleep(request.delay)
        self._request = request
        session = self._session
        task = session.watch.begin(request.timeout)
        try:
            response = await session.send(request, task)
            self._response = response
            body = b""
            if response.status >= 300:
                try:
                    body = await session.read_on(response, b"", task, request.timeout)
                except BaseException as error:
                    raise session.translate(error, task, request) from None
        finally:
            session.watch.end(task)
        return Reply(response.status, response.headers, body)

    async def _read(self) -> bytes:
        assert self._response is not None
        watch, request = self._session.watch, self._request
        task = watch.begin(request.timeout)
        try:
            return await self._response.content.readany()
        except BaseException as error:
            raise self._session.translate(error, task, request) from None
        finally:
            watch.end(task)

    async def _give_back(self) -> None:
        """Return the connection of a stream that has ended, if its framing ends promptly too; else close it."""
        response = self._response
        if response is not None:
            try:
                if not response.content.at_eof():
                    async with asyncio.timeout(0.2):
                        while await response.content.readany():
                            pass
            except (aiohttp.ClientError, OSError):
                pass
            response.close()
            self._response = None

    def close(self) -> None:
        self._ended = True
        self._deltas.clear()
        self._flow.close()
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


def _translate(error: Exception, request: Request) -> ModelCallError:
    """The error of ours that an exception of aiohttp means."""
    if isinstance(error, ModelCallError):
        return error
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return outages.not_connected(request)
    if isinstance(error, asyncio.TimeoutError | aiohttp.ServerTimeoutError):
        return outages.silent(request)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        inner = getattr(error, "os_error", None)
        return outages.insecure(request, _describe(inner if isinstance(inner, Exception) else error))
    if isinstance(error, aiohttp.InvalidURL | ValueError | TypeError):
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
