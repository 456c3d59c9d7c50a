"""One request and its reply over a connection of aiohttp, without what its client does besides for each request."""

from __future__ import annotations

import asyncio
import inspect
from ssl import SSLError
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import StreamWriter
from multidict import CIMultiDict
from yarl import URL

from modelhub.aio.connections import Connector
from modelhub.network.certificates import build_context
from modelhub.network.limits import MAX_FIELDS, MAX_LINE
from modelhub.network.proxies import find_login, find_proxy
from modelhub.network.socks import is_socks
from modelhub.network.targets import find_target
from modelhub.wire import Request, Way

LIMITS: dict[str, Any] = {"max_line_size": MAX_LINE, "max_field_size": MAX_LINE}
if "max_headers" in inspect.signature(ResponseHandler.set_response_params).parameters:  # not in the older ones
    LIMITS["max_headers"] = MAX_FIELDS


class Route:
    """How a URL is reached with the connections of ``connector``, worked out once for each way."""

    __slots__ = ("_fields", "_login", "asked", "connector", "place", "proxy", "url", "written")

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop, connector: Connector, way: Way | None) -> None:
        self.connector = connector
        place = URL(url)
        self._login = find_login(url)
        if self._login is not None:
            place = place.with_user(None)
        if place.scheme not in ("http", "https"):
            raise aiohttp.InvalidURL(url)
        self.url = URL(f"{place.scheme}://{place.raw_authority}{find_target(url)}", encoded=True)
        proxy = find_proxy(url, way)
        self.proxy = proxy.url if proxy is not None else None
        socks, proxy = (proxy, None) if is_socks(self.proxy) else (None, proxy)
        self.asked = proxy is not None  # as a proxy for HTTP
        secure = self.url.scheme == "https"
        tls: Any = True
        if secure or (proxy is not None and proxy.url.startswith("https:")):
            tls = build_context(way.certificates if way is not None else None)
        login = {"Proxy-Authorization": proxy.authorization} if proxy is not None and proxy.authorization else None
        # What the connector wants to know of a request, which is the same for all that go this way.
        self.place = aiohttp.ClientRequest(
            "GET",
            self.url,
            loop=loop,
            ssl=tls,
            proxy=URL(proxy.url) if proxy is not None else None,
            proxy_headers=login if secure else None,
        )
        self.place.__dict__["socks"] = socks
        told: Any = self.place.proxy_headers
        if told:  # aiohttp adds this by itself, and then does not find its own connection again
            told["Host"] = self.place.headers["Host"]
        self._fields = None if secure else login  # a proxy that is asked for no way reads the request's own
        self.written = str(self.place.url) if proxy is not None and not secure else self.url.raw_path_qs

    def build_headers(self, request: Request) -> CIMultiDict[str]:
        """The headers of ``request``, with those that every request has."""
        headers = self.place.headers.copy()
        headers.update(request.headers)
        if self._fields is not None:
            headers.update(self._fields)
        if self._login is not None:
            headers.setdefault("Authorization", self._login)
        body = request.body
        if body is not None:
            headers.setdefault("Content-Type", "application/octet-stream")
        if body is not None or request.method != "GET":
            headers["Content-Length"] = str(len(body or b""))
        return headers


class Response:
    """A reply, the body of which is ``content``; at its end its connection goes back by itself.

    ``begun`` says that some of the body has come; ``first_by`` is when it should have, ``until`` when it must be whole.
    """

    __slots__ = (
        "_loop",
        "begun",
        "connection",
        "content",
        "first_by",
        "headers",
        "is_bounded",
        "status",
        "until",
        "version",
    )

    def __init__(self, message: Any, content: aiohttp.StreamReader, connection: Any, loop: Any) -> None:
        self.status: int = message.code
        self.version: aiohttp.HttpVersion = message.version
        self.headers = message.headers
        self.content = content
        self.connection = connection
        self._loop = loop
        self.begun = self.is_bounded = False
        self.first_by = self.until = float("inf")
        content.on_eof(self._finish)

    def _finish(self) -> None:
        connection = self.connection
        transport = connection.transport
        if transport is not None and transport.get_write_buffer_size():
            connection.close()  # the server has answered before it was told everything
        else:
            connection.release()

    def close(self) -> None:
        """Close the connection, if it has not gone back; whoever reads the body is told."""
        if self.content.exception() is None:
            self.content.set_exception(aiohttp.ClientConnectionError("Connection closed"))
        if not self._loop.is_closed():
            self.connection.close()


async def exchange(route: Route, request: Request, timeout: aiohttp.ClientTimeout) -> Response:
    """Send ``request`` and return its reply when its headers have come."""
    connector = route.connector
    if connector.closed:
        raise aiohttp.ClientConnectionError
    try:
        connection = await connector.connect(route.place, [], timeout)
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError from error
    protocol: Any = connection.protocol
    try:
        protocol.set_response_params(skip_payload=request.method == "HEAD", read_until_eof=True, **LIMITS)
        loop = asyncio.get_running_loop()
        writer = StreamWriter(protocol, loop)
        await writer.write_headers(f"{request.method} {route.written} HTTP/1.1", route.build_headers(request))
        if request.body:
            # A server may answer before it has read all.
            await writer.write(request.body, drain=False)
        else:
            await writer.write_eof()
        while True:
            message, content = await protocol.read()
            if not 100 <= message.code < 200 or message.code == 101:
                return Response(message, content, connection, loop)
    except BaseException as error:
        connection.close()
        if isinstance(error, ConnectionResetError) and (refusal := _find_refusal(protocol)):
            raise refusal from refusal.__cause__
        raise


def _find_refusal(protocol: Any) -> BaseException | None:
    """What a connection ended with over which nothing can be sent any more, if it was an alert of TLS."""
    ended: BaseException | None = protocol.exception()
    return ended if ended is not None and isinstance(ended.__cause__, SSLError) else None
