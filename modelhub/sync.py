"""The blocking driver: performs what the engine asks for through requests' adapter and urllib3's pool."""

from __future__ import annotations

import builtins
import os
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

import requests
from requests import exceptions
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict
from urllib3 import exceptions as pool_exceptions
from urllib3.util import Timeout

from modelhub import outages
from modelhub.engine import Flow, Invoke, Read, StreamFlow
from modelhub.errors import ModelCallError
from modelhub.partial import Partial
from modelhub.response import ModelResponse
from modelhub.wire import Reply, Request

CHUNK = 65536
ERROR_BODY = 1 << 20  # of an error page no more is read


class SyncTransport:
    """One thread-safe pool of connections and the loops that serve flows with it."""

    def __init__(self) -> None:
        self._adapter = _PooledAdapter(pool_connections=256, pool_maxsize=128)
        self._timeouts: dict[tuple[float, float], Timeout] = {}
        self._open: weakref.WeakSet[_Stream] = weakref.WeakSet()

    def run(self, flow: Flow[Any]) -> Any:
        """Serve ``flow`` to its end and return its result."""
        try:
            effect = next(flow)
            while True:
                try:
                    outcome = self._perform(effect)
                except ModelCallError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as done:
            return done.value
        finally:
            flow.close()

    def arrive(self, flow: StreamFlow, partial: Partial) -> ModelResponse:
        """Serve ``flow`` until its first deltas; the response returned serves the rest as it is read."""
        stream = _Stream(self, flow)
        self._open.add(stream)
        return ModelResponse.arriving(stream, partial)

    def close(self) -> None:
        """Close the pool and what is still being streamed from it."""
        for stream in list(self._open):
            stream.close()
        self._adapter.close()

    def _perform(self, effect: Any) -> Any:
        if type(effect) is Request:
            raw = self._send(effect)
            return self._reply(effect, raw, read=True)
        return self._invoke(effect)

    def _invoke(self, effect: Any) -> Any:
        if isinstance(effect, Invoke):
            if effect.delay:
                time.sleep(effect.delay)
            return effect.call()
        raise TypeError(f"a flow asked for {effect!r}")

    def _send(self, request: Request) -> Response:
        if request.delay:
            time.sleep(request.delay)
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
        except Exception as error:
            raise _translate(error, request) from None

    def _reply(self, request: Request, response: Response, read: bool) -> Reply:
        raw = response.raw
        status = response.status_code
        try:
            if status >= 300:
                body = raw.read(ERROR_BODY, decode_content=True)
                if raw.isclosed() or not raw.read(1):
                    raw.release_conn()
                else:
                    raw.close()
            elif read:
                body = raw.read(decode_content=True)
                raw.release_conn()
            else:
                body = b""
        except BaseException as error:
            raw.close()
            if isinstance(error, Exception):
                raise _translate(error, request) from None
            raise
        response._content = body
        return Reply(status, raw.headers, body)


class _Stream:
    """The deltas of one flow, whose connection goes back when they end, when it is closed, or when it is dropped."""

    def __init__(self, transport: SyncTransport, flow: StreamFlow) -> None:
        self._deltas = _serve(transport, flow)
        self._first: ModelResponse | None = next(self._deltas, None)

    def __iter__(self) -> Iterator[ModelResponse]:
        return self

    def __next__(self) -> ModelResponse:
        first = self._first
        if first is not None:
            self._first = None
            return first
        return next(self._deltas)

    def close(self) -> None:
        self._first = None
        self._deltas.close()


def _serve(transport: SyncTransport, flow: StreamFlow) -> Generator[ModelResponse, None, None]:
    """Serve a streaming flow, yielding the deltas it delivers."""
    raw: Any = None
    request: Any = None
    read: Any = None
    try:
        effect: Any = next(flow)
        while True:
            kind = type(effect)
            try:
                if kind is list:
                    yield from effect
                    outcome = None
                elif kind is Read:
                    outcome = read()
                elif kind is Request:
                    if raw is not None:
                        raw.close()
                        raw = None
                    request = effect
                    response = transport._send(effect)
                    outcome = transport._reply(effect, response, read=False)
                    raw = response.raw
                    read = _reader(raw)
                else:
                    outcome = transport._invoke(effect)
            except ModelCallError as error:
                effect = flow.throw(error)
            except (pool_exceptions.HTTPError, HTTPException, OSError) as error:
                effect = flow.throw(_translate(error, request))
            else:
                effect = flow.send(outcome)
    except StopIteration:
        if raw is not None:
            _give_back(raw)
            raw = None
    finally:
        flow.close()
        if raw is not None:
            raw.close()


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


def _give_back(raw: Any) -> None:
    """Return the connection of a stream that has ended, if its framing ends promptly too; else close it."""
    connection = raw.connection
    if connection is not None and connection.sock is not None:
        connection.sock.settimeout(0.2)
    try:
        for _ in range(16):
            if not raw.read1(CHUNK, decode_content=True):
                raw.release_conn()
                return
    except (pool_exceptions.HTTPError, HTTPException, OSError):
        pass
    raw.close()


class _PooledAdapter(HTTPAdapter):
    """requests' adapter, with what it works out for each request worked out once for each URL.

    Going through ``HTTPAdapter.send`` keeps proxies, certificates and test doubles such as ``responses`` working.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._routes: dict[str, tuple[Any, str]] = {}
        self._routing = threading.Lock()

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

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Done when the route was found."""

    def request_url(self, request: Any, proxies: Any) -> str:
        return self._routes[request.url][1]

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


def _translate(error: Exception, request: Request) -> ModelCallError:
    """The error of ours that an exception of requests or urllib3 means.

    Only the innermost reason is quoted: the texts around it repeat the URL, and that may hold a key.
    """
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
