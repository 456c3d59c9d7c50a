"""One thread-safe pool of connections, through requests' adapter and urllib3."""

from __future__ import annotations

import threading
from time import monotonic

from requests import exceptions
from requests.models import PreparedRequest, Response
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from modelhub.engine import connection_errors as outages
from modelhub.engine.malformed import is_malformed
from modelhub.engine.parsing import too_large
from modelhub.errors import ModelCallError
from modelhub.network.proxies import find_login
from modelhub.network.socks import is_socks
from modelhub.sync.adapter import PooledAdapter
from modelhub.sync.body import FAILURES, Body, WatchedBody, wait_for_body
from modelhub.sync.bounded import is_too_long, read_up_to
from modelhub.sync.faults import is_dead, translate
from modelhub.sync.sending import Headers
from modelhub.sync.sockets import Sockets
from modelhub.sync.watch import CURRENT, Watch, Watches
from modelhub.wire import Reply, Request, Way

ERROR_BODY = 1 << 20  # of an error page no more is read
_CODINGS = {"", "identity", *getattr(BaseHTTPResponse, "CONTENT_DECODERS", ("gzip", "x-gzip", "deflate"))}


class Pool:
    """Sends requests over connections that are kept for the next ones; any number of threads may use it."""

    def __init__(self) -> None:
        self._sockets = Sockets()
        self._adapter = self._build_adapter(None)
        self._others: dict[Way, PooledAdapter] = {}
        self._opening = threading.Lock()
        self._timeouts: dict[tuple[float, float], Timeout] = {}
        self._watches = Watches()

    def fetch(self, request: Request) -> Reply:
        """Send ``request`` and read its reply."""
        if request.deadline is None:
            return _read_reply(request, self._send(request, None), whole=True)
        watch = self._watches.begin(request.deadline.left())
        try:
            reply = _read_reply(request, self._send(request, watch), whole=True)
        except ModelCallError:
            if not watch.is_over:
                raise
        else:
            if not watch.is_over:
                return reply
        finally:
            self._watches.end(watch)
        raise outages.out_of_time()

    def open(self, request: Request) -> tuple[Body, Reply]:
        """Send ``request`` and leave the body of a success to be read; that of an error is in the reply."""
        if request.deadline is None:
            response = self._send(request, None)
            reply = _read_reply(request, response, whole=False)
            return Body(response.raw, request), reply
        watch = self._watches.begin(request.deadline.left())
        try:
            response = self._send(request, watch)
            reply = _read_reply(request, response, whole=False)
            return WatchedBody(response.raw, request, watch, self._watches), reply
        except BaseException as error:
            self._watches.end(watch)
            if not isinstance(error, ModelCallError) or not watch.is_over:
                raise
        raise outages.out_of_time()

    def close(self) -> None:
        """Close the connections; what other threads still wait for on one of them fails at once."""
        with self._opening:
            others = list(self._others.values())
        for adapter in (self._adapter, *others):
            adapter.close()
        self._sockets.close()
        self._watches.close()

    def _build_adapter(self, way: Way | None) -> PooledAdapter:
        return PooledAdapter(way, self._sockets, pool_connections=256, pool_maxsize=1000)

    def _find_adapter(self, way: Way) -> PooledAdapter:
        """What has the connections of one way, which no other way shares."""
        with self._opening:
            adapter = self._others.get(way)
            if adapter is None:
                adapter = self._others[way] = self._build_adapter(way)
        return adapter

    def _send(self, request: Request, watch: Watch | None) -> Response:
        prepared = PreparedRequest()
        prepared.method = request.method
        prepared.url = request.url
        prepared.body = request.body
        headers = Headers(request.headers)
        if request.body is not None:
            headers["Content-Length"] = str(len(request.body))
        if "@" in request.url and (login := find_login(request.url)):
            headers.setdefault("Authorization", login)
        prepared.headers = headers
        first = request.first_token
        key = (request.connect_timeout, request.timeout if first is None else first)
        if watch is not None and (left := watch.left) < max(key):
            timeout = Timeout(connect=min(key[0], left), read=min(key[1], left))
        else:
            known = self._timeouts.get(key)
            timeout = known or self._timeouts.setdefault(key, Timeout(connect=key[0], read=key[1]))
        adapter = self._adapter if request.way is None else self._find_adapter(request.way)
        token = CURRENT.set(watch) if watch is not None else None
        until = monotonic() + first if first is not None else 0.0
        try:
            try:
                response = adapter.send(prepared, stream=True, timeout=timeout)  # type: ignore[arg-type]
            except exceptions.ConnectionError as error:
                over = watch is not None and watch.is_over  # its end shuts the connection
                if over or not is_dead(error) or hasattr(request, "once"):
                    raise
                adapter.drop_idle(request.url)  # others were kept as long, and are most likely dead, too
                response = adapter.send(prepared, stream=True, timeout=timeout)  # type: ignore[arg-type]
        except FAILURES as error:
            failure = translate(error, request, adapter.proxy(request.url))
        except (ValueError, TypeError):
            if not is_malformed(request):
                raise
            failure = outages.unsendable(request)
        else:
            if first is not None:
                _await_body(request, response, until)
            if response.status_code in (101, 407) or "content-encoding" in response.headers:
                self._check(request, response, adapter.proxy(request.url))
            return response
        finally:
            if token is not None:
                CURRENT.reset(token)
        raise failure  # here, so that what it stands for does not come along: it knows how to log in at a proxy

    def _check(self, request: Request, response: Response, proxy: str | None) -> None:
        """Raise the error for what is no reply of the server that was asked, or cannot be read."""
        error = None
        coding = response.headers.get("content-encoding", "").lower()
        if response.status_code == 101:
            error = outages.switched(request)
        elif response.status_code == 407 and proxy is not None and not is_socks(proxy):
            error = outages.refused_by_proxy(request, proxy, response.status_code)
        elif any(name.strip() not in _CODINGS for name in coding.split(",")):
            error = outages.undecodable(request, coding)
        if error is not None:
            response.raw.close()
            raise error


def _await_body(request: Request, response: Response, until: float) -> None:
    """Wait for the first byte of the body of a response, ``until`` then at most."""
    raw = response.raw
    try:
        wait_for_body(request, response, until)
    except FAILURES as error:
        raw.close()
        raise translate(error, request, coding=raw.headers.get("content-encoding", "")) from None
    except BaseException:
        raw.close()
        raise


def _read_reply(request: Request, response: Response, *, whole: bool) -> Reply:
    """The reply of a response, with its body if that is an error's or all is wanted."""
    raw = response.raw
    status = response.status_code
    body = b""
    try:
        if status >= 300:
            body, ended = read_up_to(raw, ERROR_BODY)
            if ended:
                raw.release_conn()
            else:
                raw.close()
        elif whole:
            body, ended = (b"", False) if is_too_long(raw, request.max_body) else read_up_to(raw, request.max_body)
            if not ended:
                raise too_large("max_body", request.max_body, Reply(status, raw.headers))
            raw.release_conn()
    except FAILURES as error:
        raw.close()
        raise translate(error, request, coding=raw.headers.get("content-encoding", ""), begun=True) from None
    except BaseException:
        raw.close()
        raise
    response._content = body
    return Reply(status, raw.headers, body)
