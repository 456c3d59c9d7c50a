"""One thread-safe pool of connections, through requests' adapter and urllib3."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

from requests import exceptions
from requests.models import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict
from urllib3 import exceptions as pool_exceptions
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from modelhub.engine import connection_errors as outages
from modelhub.engine.parsing import too_large
from modelhub.errors import ModelCallError
from modelhub.network.proxies import find_login
from modelhub.sync.adapter import PooledAdapter
from modelhub.sync.bounded import CHUNK, is_too_long, read_up_to
from modelhub.sync.faults import is_dead, translate
from modelhub.sync.replies import StrictResponse
from modelhub.wire import Reply, Request

ERROR_BODY = 1 << 20  # of an error page no more is read
_CODINGS = {"", "identity", *getattr(BaseHTTPResponse, "CONTENT_DECODERS", ("gzip", "x-gzip", "deflate"))}


class Pool:
    """Sends requests over connections that are kept for the next ones; any number of threads may use it."""

    def __init__(self) -> None:
        self._adapter = PooledAdapter(pool_connections=256, pool_maxsize=1000)
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
        if "@" in request.url and (login := find_login(request.url)):
            headers.setdefault("Authorization", login)
        prepared.headers = headers
        key = (request.connect_timeout, request.timeout)
        timeout = self._timeouts.get(key)
        if timeout is None:
            timeout = self._timeouts[key] = Timeout(connect=key[0], read=key[1])
        try:
            try:
                response = self._adapter.send(prepared, stream=True, timeout=timeout)  # type: ignore[arg-type]
            except exceptions.ConnectionError as error:
                if not is_dead(error):
                    raise
                self._adapter.drop_idle(request.url)  # others were kept as long, and are most likely dead, too
                response = self._adapter.send(prepared, stream=True, timeout=timeout)  # type: ignore[arg-type]
        except Exception as error:
            raise translate(error, request, self._adapter.proxy(request.url)) from None
        if response.status_code in (101, 407) or "content-encoding" in response.headers:
            self._check(request, response)
        return response

    def _check(self, request: Request, response: Response) -> None:
        """Raise the error for what is no reply of the server that was asked, or cannot be read."""
        error = None
        proxy = self._adapter.proxy(request.url)
        coding = response.headers.get("content-encoding", "").lower()
        if response.status_code == 101:
            error = outages.switched(request)
        elif response.status_code == 407 and proxy is not None:
            error = outages.refused_by_proxy(request, proxy, response.status_code)
        elif any(name.strip() not in _CODINGS for name in coding.split(",")):
            error = outages.undecodable(request, coding)
        if error is not None:
            response.raw.close()
            raise error


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
    except BaseException as error:
        raw.close()
        if isinstance(error, Exception) and not isinstance(error, ModelCallError):
            raise translate(error, request, coding=raw.headers.get("content-encoding", "")) from None
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
        except (pool_exceptions.HTTPError, HTTPException, OSError) as error:
            raise translate(error, self._request, coding=self._raw.headers.get("content-encoding", "")) from None

    def give_back(self) -> None:
        """Return the connection of a body that has ended, if its framing ends promptly too; else close it."""
        raw = self._raw
        source = getattr(raw, "_fp", None)
        if isinstance(source, StrictResponse) and source.is_clean():
            raw.release_conn()
            return
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
