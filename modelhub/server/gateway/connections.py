"""Connections of the gateway: what is no HTTP is told so in a form that callers know, and nobody keeps one waiting."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

from modelhub.overriding import override
from modelhub.server.formats.replies import Failure, Reply

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
HEADERS_WITHIN = 20.0
"""Seconds in which the headers of the first request must have come."""
IDLE = 75.0
"""Seconds that a connection is kept open without a request."""
_UNSENT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_MOST_UNSENT = 128 * 1024  # bytes that wait in the system for a slow reader; it would take megabytes
_LINGER = 5.0  # seconds for which the rest of a refused body is thrown away, so that its sender reads why


class Connections(web.Server):
    """Makes the protocols of new connections, whose requests ``handle`` answers, and ``refuse`` those that are none."""

    def __init__(self, handle: Handler, refuse: Callable[[str, Failure], Reply]) -> None:
        super().__init__(handle, handler_cancellation=True)
        self.refuse = refuse

    @override
    def __call__(self) -> web.RequestHandler:
        loop = asyncio.get_running_loop()
        connection = _Connection(
            self,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=IDLE,
            lingering_time=_LINGER,
            auto_decompress=False,
        )
        connection.refuse = self.refuse
        connection.hurrying = loop.call_later(HEADERS_WITHIN, connection.hurry)
        return connection


class _Connection(web.RequestHandler):
    __slots__ = ("hurrying", "refuse")

    refuse: Callable[[str, Failure], Reply]
    hurrying: asyncio.TimerHandle

    def hurry(self) -> None:
        """Close the connection if nothing has been asked on it yet."""
        if not self._request_count and not self._force_close:
            self.force_close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        held = transport.get_extra_info("socket")
        if held is not None and _UNSENT is not None:
            with contextlib.suppress(OSError):
                held.setsockopt(socket.IPPROTO_TCP, _UNSENT, _MOST_UNSENT)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self.hurrying.cancel()
        super().connection_lost(exc)

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the reply is sent already")
        what = "the request is no HTTP that this server understands" if status < 500 else "the gateway has failed"
        failure = Failure(status, "bad_request" if status < 500 else "server", what)
        return build_response(self.refuse(request.path, failure), last=True)


def build_response(reply: Reply, *, last: bool = False) -> web.Response:
    """What aiohttp sends of a whole ``reply``; if it is the ``last``, the connection is closed after it."""
    headers = {"Server": "modelhub", "Content-Type": reply.content_type, **reply.headers}
    response = web.Response(status=reply.status, body=reply.body, headers=headers)
    if last:
        response.force_close()
    return response
