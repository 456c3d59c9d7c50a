"""One thread-safe pool of connections, through requests' adapter and urllib3."""

from __future__ import annotations

import builtins
import os
import threading
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

import requests
from requests import exceptions
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict
from urllib3 import exceptions as pool_exceptions
from urllib3.util import Timeout

from modelhub.engine import connection_errors as outages
from modelhub.engine.interruptions import find_interruption, is_malformed
from modelhub.overriding import override
from modelhub.wire import Reply, Request

CHUNK = 65536
ERROR_BODY = 1 << 20  # of an error page no more is read
_FAILURES = (OSError, pool_exceptions.HTTPError, HTTPException)  # OSError: those of requests and of Python itself


class Pool:
    """Sends requests over connections that are kept for the next ones; any number of threads may use it."""

    def __init__(self) -> None:
        self._adapter = _PooledAdapter(pool_connections=256, pool_maxsize=1000)
        self._timeouts: dict[tuple[float, float], Timeout] = {}

    def fetch(self, request: Request) -> Reply:
        """Send ``request`` and read its reply."""
        response = self._send(request)
        return _read_reply(request, response, whole=True)

    def open(self, request: Request) -> tuple[Body, Reply]:
        """Send ``request`` and leave the body of a success to be read; that of an error is in the reply."""
        response = self._send(request)
        reply = _read_reply(request, response, whole=False)
        return Body(response.raw, request), reply

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._adapter.close()

    def _send(self, request: Request) -> Response:
        prepared = PreparedRequest()
        prepared.method = request.method
        prepared.url = request.url
        prepared.body = request.body
        headers: CaseInsensitiveDict[Any] = CaseInsensitiveDict(request.headers)
        if request.body is not None:
            headers["Content-Length"] = str(len(request.body))
        prepared.headers = headers
        key = (request.connect_timeout, request.timeout)
        timeout = self._timeouts.get(key)
        if timeout is None:
            timeout = self._timeouts[key] = Timeout(connect=key[0], read=key[1])
        try:
            return self._adapter.send(prepared, stream=True, timeout=timeout)  # type: ignore[arg-type]
        except _FAILURES as error:
            raise _translate(error, request) from None
        except (ValueError, TypeError) as error:
            if not is_malformed(request):
                raise
            raise outages.unsendable(request, type(error).__name__) from None


def _read_reply(request: Request, response: Response, *, whole: bool) -> Reply:
    """The reply of a response, with its body if that is an error's or all is wanted."""
    raw = response.raw
    status = response.status_code
    body = b""
    try:
        if status >= 300:
            body = raw.read(ERROR_BODY, decode_content=True)
            if raw.isclosed() or not raw.read(1):
                raw.release_conn()
            else:
                raw.close()
        elif whole:
            body = raw.read(decode_content=True)
            raw.release_conn()
    except _FAILURES as error:
        raw.close()
        raise _translate(error, request) from None
    except BaseException:
        raw.close()
        raise
    response._content = body
    return Reply(status, raw.headers, body)


class Body:
    """An open body, read piece by piece."""

    def __init__(self, raw: Any, request: Request) -> None:
        self._raw = raw
        self._request = request
        self._read = _reader(raw)

    def read(self) -> bytes:
        """The next bytes, ``b""`` at the end."""
        try:
            return self._read()
        except _FAILURES as error:
            raise _translate(error, self._request) from None

    def give_back(self) -> None:
        """Return the connection of a body that has ended, if its framing ends promptly too; else close it."""
        raw = self._raw
        connection = raw.connection
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(0.2)
        try:
            for _ in range(16):
                if not raw.read1(CHUNK, decode_content=True):
                    raw.release_conn()
                    return
        except _FAILURES as error:
            interruption = find_interruption(error)
            if interruption is not None:
                raise interruption from None
        raw.close()

    def close(self) -> None:
        """Close the connection, whatever is still to come."""
        self._raw.close()


def _reader(raw: Any) -> Callable[[], bytes]:
    """A function that returns the next bytes of an open body, ``b""`` at its end.

    Where nothing is compressed it reads from http.client directly: urllib3's own ``read1`` costs more per chunk of
    a stream than everything else that is done with it.
    """
    source = getattr(raw, "_fp", None)
    if not isinstance(source, HTTPResponse) or raw.headers.get("content-encoding"):
        return lambda: raw.read1(CHUNK, decode_content=True)

    def read() -> bytes:
        data = source.read1(CHUNK)
        if not data and source.length:
            raise IncompleteRead(data, source.length)
        return data

    return read


class _PooledAdapter(HTTPAdapter):
    """requests' adapter, with what it works out for each request worked out once for each URL.

    Going through ``HTTPAdapter.send`` keeps proxies, certificates and test doubles such as ``responses`` working.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._routes: dict[str, tuple[Any, str]] = {}
        self._routing = threading.Lock()

    @override
    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        route = self._routes.get(request.url) or self._find_route(request)
        return route[0]

    def _find_route(self, request: Any) -> tuple[Any, str]:
        url = request.url
        verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        proxies = requests.utils.get_environ_proxies(url)
        with self._routing:
            pool = super().get_connection_with_tls_context(request, verify, proxies=proxies)
            super().cert_verify(pool, url, verify, None)  # type: ignore[no-untyped-call]
            if len(self._routes) > 1000:
                self._routes.clear()
            route = self._routes[url] = pool, super().request_url(request, proxies)
        return route

    @override
    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Done when the route was found."""

    @override
    def request_url(self, request: Any, proxies: Any) -> str:
        return self._routes[request.url][1]

    @override
    def build_response(self, req: Any, resp: Any) -> Response:
        return _RawResponse(req, resp)


class _RawResponse(Response):
    """The part of requests' Response that is needed here, built without parsing cookies and encodings."""

    def __init__(self, request: Any, raw: Any) -> None:
        self._content: Any = False
        self._content_consumed = True
        self._next = None
        self.status_code = raw.status
        self.headers = raw.headers
        self.raw = raw
        self.url = request.url
        self.encoding = "utf-8"
        self.reason = raw.reason
        self.history = []
        self.request = request


def _translate(error: Exception, request: Request) -> BaseException:
    """The error of ours that an exception of requests or urllib3 means, or the interruption that it wraps.

    Only the innermost reason is quoted: the texts around it repeat the URL, and that may hold a key.
    """
    interruption = find_interruption(error)
    if interruption is not None:
        return interruption
    if isinstance(error, exceptions.ReadTimeout | pool_exceptions.ReadTimeoutError | builtins.TimeoutError):
        return outages.silent(request)
    if isinstance(error, exceptions.ConnectTimeout):
        return outages.not_connected(request)
    if isinstance(error, exceptions.InvalidURL | exceptions.InvalidHeader | exceptions.InvalidSchema | ValueError):
        return outages.unsendable(request, type(error).__name__)
    reason, text = _innermost(error)
    if isinstance(error, exceptions.SSLError | pool_exceptions.SSLError):
        return outages.insecure(request, text)
    if isinstance(reason, IncompleteRead):
        return outages.cut_short(request)
    return outages.broken(request, text)


def _innermost(error: BaseException) -> tuple[BaseException, str]:
    """The reason within the reasons, and what may be said of it."""
    for _ in range(10):
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in reversed(error.args) if isinstance(arg, BaseException)), None)
        if inner is None:
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error, error.strerror
    if isinstance(error, pool_exceptions.NameResolutionError):
        return error, "the host name cannot be resolved"
    return error, str(error).partition(" with url")[0] or type(error).__name__
