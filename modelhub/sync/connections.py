"""urllib3's connections and pools, of which only what is certainly clean is kept for the next request."""

from __future__ import annotations

import logging
import queue
import socket
import sys
from contextlib import suppress
from http import client
from http.client import HTTPException, RemoteDisconnected
from typing import TYPE_CHECKING, Any

from urllib3 import exceptions
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from modelhub.engine.interruptions import find_interruption
from modelhub.network import socks
from modelhub.overriding import override
from modelhub.secrets import MASK
from modelhub.sync.connecting import connect
from modelhub.sync.replies import StrictResponse
from modelhub.sync.sending import Sending
from modelhub.sync.sockets import Sockets
from modelhub.sync.watch import CURRENT
from modelhub.wire import Proxy

_LOG = logging.getLogger("urllib3.connectionpool")
_GONE = (RemoteDisconnected, ConnectionError)


class KeptTooLong(HTTPException):
    """A connection that was kept for the next request had died: nothing of a reply came."""


class _Target(str):
    """A path and its query, which may hold a key: urllib3 writes it into its log."""

    __slots__ = ()

    @override
    def __str__(self) -> str:
        return f"{self.partition('?')[0]}?{MASK}"


class _Strict(Sending):
    """A connection that reads replies strictly."""

    reply: StrictResponse | None = None
    uses = 0
    sockets: Sockets | None = None
    socks: Proxy | None = None  # what the connection goes through
    connected: Any = None  # the socket; ``sock`` is given up when a reply says that it is the last

    @override
    def response_class(self, *given: Any, **named: Any) -> StrictResponse:  # type: ignore[override]
        """What http.client makes a reply with."""
        self.reply = StrictResponse(*given, **named)
        return self.reply

    @override
    def _new_conn(self) -> socket.socket:
        self.uses = 0
        try:
            if self.socks is not None:
                return self._connect_through(self.socks)
            sock = connect(self._dns_host, self.port, self.timeout)
        except socket.gaierror as error:
            raise exceptions.NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise exceptions.ConnectTimeoutError(self, "no connection in time") from error
        except UnicodeError:
            raise exceptions.LocationParseError(self.host) from None
        except OSError as error:
            raise exceptions.NewConnectionError(self, str(error)) from error
        sys.audit("http.client.connect", self, self.host, self.port)
        return sock

    def _connect_through(self, proxy: Proxy) -> socket.socket:
        try:
            return socks.connect(proxy, self._dns_host, self.port, self.timeout)
        except TimeoutError as error:
            late = exceptions.ConnectTimeoutError(self, "no connection in time")
            raise exceptions.ProxyError("no way through the proxy", late) from error
        except OSError as error:
            raise exceptions.ProxyError("no way through the proxy", error) from error

    @override
    def connect(self) -> None:
        try:
            super().connect()
        except TimeoutError as error:  # of the handshake, or of a proxy that is asked for a way
            raise exceptions.ConnectTimeoutError(self, "no connection in time") from error
        self.connected = self.sock
        if self.sockets is not None:
            self.sockets.add(self.sock)

    def shut(self) -> None:
        """End what another thread waits for on this connection."""
        if self.sockets is not None and self.connected is not None:
            self.sockets.shut(self.connected)

    if not TYPE_CHECKING:  # only some of the stubs know it

        def _tunnel(self) -> None:
            try:
                super()._tunnel()
            except TimeoutError as error:
                late = exceptions.ConnectTimeoutError(self, "no way in time")
                raise exceptions.ProxyError("no way through the proxy", late) from error
            except (OSError, HTTPException) as error:
                raise exceptions.ProxyError("no way through the proxy", error) from error

    @override
    def putrequest(self, method: str, url: str, *given: Any, **named: Any) -> None:
        super().putrequest(method, str.__str__(url), *given, **named)  # whole, also where it is not to be shown

    @override
    def getresponse(self) -> Any:
        self.uses += 1
        self.sock.settimeout(self.timeout)
        try:
            reply: Any = client.HTTPConnection.getresponse(self)  # urllib3's own reads the headers three times
        except _GONE as error:
            kept = self.uses > 1 and self.reply is not None and not self.reply.begun
            if kept and find_interruption(error) is None:
                raise KeptTooLong from error
            raise
        return HTTPResponse(
            reply,
            reply.headers,
            reply.status,
            reply.version,
            reason=reply.reason,
            preload_content=False,
            original_response=reply,
            request_method=reply.method,
        )

    def is_clean(self) -> bool:
        """Whether all of the last reply was read, and nothing but it has come."""
        sock: Any = self.sock
        pending = getattr(sock, "pending", None)  # what TLS has decrypted
        return self.reply is not None and self.reply.is_clean() and not (pending is not None and pending())


class Connection(_Strict):
    """A connection over TCP."""


class SecureConnection(_Strict, HTTPSConnection):  # pyright: ignore[reportIncompatibleVariableOverride]
    """A connection over TLS."""


class _Idle(queue.LifoQueue[Any]):
    """The connections that wait for a request.

    urllib3 makes one where none waits, so that it need not put in a None for each that it might make.
    """

    @override
    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if item is not None:
            super().put(item, block, timeout)


class _Clean(HTTPConnectionPool):
    """A pool that keeps only clean connections."""

    QueueCls = _Idle
    sockets: Sockets | None = None
    socks: Proxy | None = None

    if not TYPE_CHECKING:  # only some of the stubs know it

        def _make_request(self, conn: Any, method: str, url: str, *given: Any, **named: Any) -> Any:
            watch = CURRENT.get()
            if watch is not None:
                watch.connection = conn
            if "?" in url and _LOG.isEnabledFor(logging.DEBUG):
                url = _Target(url)
            return super()._make_request(conn, method, url, *given, **named)

    @override
    def _new_conn(self) -> Any:
        conn: Any = super()._new_conn()
        conn.sockets, conn.socks = self.sockets, self.socks
        return conn

    @override
    def _put_conn(self, conn: Any) -> None:
        if conn is not None and conn.sock is not None and not conn.is_clean():
            conn.close()
        super()._put_conn(conn)

    def drop_idle(self) -> None:
        """Close the connections that are not in use."""
        with suppress(queue.Empty, AttributeError):  # a pool that is closed has no queue
            while True:
                self.pool.get(block=False).close()  # type: ignore[union-attr]


class ConnectionPool(_Clean):
    """A pool of connections over TCP."""

    ConnectionCls: Any = Connection


class SecureConnectionPool(_Clean, HTTPSConnectionPool):
    """A pool of connections over TLS."""

    ConnectionCls: Any = SecureConnection

    @override
    def _validate_conn(self, conn: Any) -> None:
        if conn.sock is None:  # no more than this: a server that is not checked was told of when the config was read
            conn.connect()


SHUTTABLE = _Strict
POOLS = {"http": ConnectionPool, "https": SecureConnectionPool}
