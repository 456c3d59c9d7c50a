"""aiohttp's connections, of which only what is certainly clean is kept for the next request."""

from __future__ import annotations

import asyncio
import os
import select
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from modelhub.aio.deadlines import Deadlines
from modelhub.network import socks
from modelhub.network.tcp import keep_alive
from modelhub.overriding import override


class Handler(ResponseHandler):
    """The protocol of one connection; the wait for a reply begins when it is taken for a request.

    While nobody waits for a reply, whatever comes makes it unfit for the next.
    """

    uses = 0
    heard = 0.0  # when something last came
    resting = False  # waits for the next request
    _arrivals: select.poll | None = None

    def __init__(self, watch: Deadlines, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._watch = watch

    @override
    def data_received(self, data: bytes) -> None:
        self.heard = self._loop.time()
        if not self.resting:
            super().data_received(data)
        elif data:  # aiohttp calls with none where it goes on with what it has
            self.force_close()

    @override
    def resume_reading(self, *given: Any, **named: Any) -> None:
        if self._reading_paused:  # aiohttp asks for it with each piece that is read
            super().resume_reading(*given, **named)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        sock = transport.get_extra_info("socket")
        if sock is not None:
            keep_alive(sock)
            if hasattr(select, "poll"):  # Windows has none
                self._arrivals = select.poll()
                self._arrivals.register(sock.fileno(), select.POLLIN)
        super().connection_made(transport)

    @override
    def is_connected(self) -> bool:
        # The loop may not have read yet what has come.
        fit = super().is_connected() and not self.should_close
        return fit and (self._arrivals is None or not self._arrivals.poll(0))

    @override
    def set_response_params(self, **params: Any) -> None:
        self.resting = False
        self.uses += 1
        self._watch.connected(self)
        super().set_response_params(**params)

    @override
    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        if self.uses > 1 and isinstance(exc, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
            exc.__dict__["kept"] = True
        if exc_cause is None:
            super().set_exception(exc)
        else:
            super().set_exception(exc, exc_cause)


class Connector(aiohttp.TCPConnector):
    """Opens the connections of a session, and keeps them."""

    _pid = 0

    def __init__(self, watch: Deadlines, **settings: Any) -> None:
        super().__init__(**settings)
        self._watch = watch
        self._pid = os.getpid()
        self._factory: Any = partial(Handler, watch, loop=self._loop)

    @override
    def _available_connections(self, key: Any) -> int:
        available = super()._available_connections(key)
        if available <= 0:
            self._watch.queue()
        return available

    @override
    def __del__(self, *args: Any) -> None:
        if self._pid == os.getpid():  # those of a parent are the parent's to close
            super().__del__(*args)

    @override
    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        if self._pid == os.getpid():  # closing it in a child would stop the loop of the parent from reading it
            super()._release(key, protocol, should_close=should_close)
            protocol.resting = True

    @override
    async def _create_proxy_connection(self, req: Any, traces: Any, timeout: aiohttp.ClientTimeout) -> Any:
        try:
            async with asyncio.timeout(timeout.sock_connect):
                return await super()._create_proxy_connection(req, traces, timeout)
        except Exception as error:
            if not getattr(error.__cause__ or error, "past_proxy", False):
                error.__dict__["at_proxy"] = True
            raise

    @override
    async def _create_direct_connection(self, req: Any, traces: Any, timeout: Any, **named: Any) -> Any:
        proxy = getattr(req, "socks", None)
        if proxy is None:
            return await super()._create_direct_connection(req, traces, timeout, **named)
        try:
            sock = await socks.aconnect(proxy, req.url.raw_host, req.port, timeout.sock_connect)
        except Exception as error:
            error.__dict__["at_proxy"] = True
            raise
        tls: Any = self._get_ssl_context(req)
        host = req.url.raw_host.rstrip(".") if tls else None
        try:
            async with asyncio.timeout(timeout.sock_connect):
                return await self._loop.create_connection(self._factory, sock=sock, ssl=tls, server_hostname=host)
        except BaseException:
            sock.close()
            raise

    @override
    async def _start_tls_connection(self, *given: Any, **named: Any) -> Any:
        try:
            return await super()._start_tls_connection(*given, **named)
        except BaseException as error:
            error.__dict__["past_proxy"] = True
            raise

    def drop_idle(self, host: str | None, port: int | None) -> None:
        """Close the connections to a server that are not in use."""
        for key in [key for key in self._conns if (key.host, key.port) == (host, port)]:
            for protocol, _ in self._conns.pop(key):
                protocol.close()


def is_dead(error: BaseException) -> bool:
    """Whether a connection that had been kept was found dead: nothing of a reply came."""
    if isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str):
        return False
    return isinstance(error, ConnectionResetError) or getattr(error, "kept", False)
