"""One thread-safe pool of connections, through requests' adapter and urllib3."""

from __future__ import annotations

import threading
from typing import Any

from requests import exceptions
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from modelhub.engine import connection_errors as outages
from modelhub.engine.interruptions import is_malformed
from modelhub.network.certificates import build_context
from modelhub.network.proxies import Proxy, find_login, find_proxy
from modelhub.overriding import override
from modelhub.sync.body import FAILURES, Body
from modelhub.sync.connections import POOLS
from modelhub.sync.faults import is_dead, translate
from modelhub.sync.sockets import Sockets
from modelhub.wire import Reply, Request

ERROR_BODY = 1 << 20  # of an error page no more is read
_CODINGS = {"", "identity", *getattr(BaseHTTPResponse, "CONTENT_DECODERS", ("gzip", "x-gzip", "deflate"))}


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
            body = raw.read(ERROR_BODY, decode_content=True)
            if raw.isclosed() or not raw.read(1):
                raw.release_conn()
            else:
                raw.close()
        elif whole:
            body = raw.read(decode_content=True)
            raw.release_conn()
    except FAILURES as error:
        raw.close()
        raise translate(error, request, coding=raw.headers.get("content-encoding", "")) from None
    except BaseException:
        raw.close()
        raise
    response._content = body
    return Reply(status, raw.headers, body)


class _PooledAdapter(HTTPAdapter):
    """requests' adapter, with what it works out for each request worked out once for each URL.

    Going through ``HTTPAdapter.send`` keeps test doubles such as ``responses`` working.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._routes: dict[str, tuple[Any, str, Proxy | None]] = {}
        self._logins: dict[str, str] = {}
        self._routing = threading.Lock()
        self.sockets = Sockets()

    @override
    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy(self, url: str) -> str | None:
        """The address of the proxy that requests to ``url`` go through."""
        route = self._routes.get(url)
        return route[2].url if route is not None and route[2] is not None else None

    def drop_idle(self, url: str) -> None:
        """Close the connections to the server of ``url`` that are not in use."""
        self._routes[url][0].drop_idle()

    @override
    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        route = self._routes.get(request.url) or self._find_route(request)
        return route[0]

    def _find_route(self, request: Any) -> tuple[Any, str, Proxy | None]:
        url = request.url
        proxy = find_proxy(url)
        proxies = {"all": proxy.url} if proxy is not None else {}
        with self._routing:
            if proxy is not None and proxy.authorization:
                self._logins[proxy.url] = proxy.authorization
            pool: Any = super().get_connection_with_tls_context(request, True, proxies=proxies)
            pool.sockets = self.sockets
            if len(self._routes) > 1000:
                self._routes.clear()
            route = self._routes[url] = pool, super().request_url(request, proxies), proxy
        return route

    @override
    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https":
            tls = {"ssl_context": build_context(), "cert_reqs": "CERT_REQUIRED"}
        return host, tls

    @override
    def proxy_manager_for(self, proxy: str, **settings: Any) -> Any:
        if proxy not in self.proxy_manager:
            if proxy.startswith("https:"):
                settings["proxy_ssl_context"] = build_context()
            super().proxy_manager_for(proxy, **settings).pool_classes_by_scheme = POOLS
        return self.proxy_manager[proxy]

    @override
    def proxy_headers(self, proxy: str) -> dict[str, str]:
        login = self._logins.get(proxy)
        return {"Proxy-Authorization": login} if login else {}

    @override
    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Done by the context of the pool."""

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
