"""One thread-safe pool of connections, through requests' adapter and urllib3."""

from __future__ import annotations

from typing import Any

from requests import exceptions
from requests.models import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from modelhub.engine import connection_errors as outages
from modelhub.engine.interruptions import is_malformed
from modelhub.engine.parsing import too_large
from modelhub.network.proxies import find_login
from modelhub.sync.adapter import PooledAdapter
from modelhub.sync.body import FAILURES, Body
from modelhub.sync.bounded import is_too_long, read_up_to
from modelhub.sync.faults import is_dead, translate
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
        """Close the connections; what other threads still wait for on one of them fails at once."""
        self._adapter.close()
        self._adapter.sockets.close()

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
        except FAILURES as error:
            raise translate(error, request, self._adapter.proxy(request.url)) from None
        except (ValueError, TypeError):
            if not is_malformed(request):
                raise
            raise outages.unsendable(request) from None
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
    except FAILURES as error:
        raw.close()
        raise translate(error, request, coding=raw.headers.get("content-encoding", "")) from None
    except BaseException:
        raw.close()
        raise
    response._content = body
    return Reply(status, raw.headers, body)
