"""requests' adapter over urllib3, with our connections, proxies and certificates."""

from __future__ import annotations

import threading
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from requests.models import Response

from modelhub.network.certificates import build_context
from modelhub.network.proxies import find_proxy
from modelhub.network.socks import is_socks
from modelhub.network.targets import find_target
from modelhub.overriding import override
from modelhub.sync.connections import POOLS
from modelhub.sync.sockets import Sockets
from modelhub.wire import Proxy, Way


class PooledAdapter(HTTPAdapter):
    """requests' adapter, with what it works out for each request worked out once for each URL.

    Going through ``HTTPAdapter.send`` keeps test doubles such as ``responses`` working. All requests go one ``way``.
    """

    def __init__(self, way: Way | None, sockets: Sockets, **settings: Any) -> None:
        super().__init__(**settings)
        self._way = way
        self._routes: dict[str, tuple[Any, str, Proxy | None]] = {}
        self._logins: dict[str, str] = {}
        self._routing = threading.Lock()
        self.sockets = sockets

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
        proxy = find_proxy(url, self._way)
        asked = None if proxy is not None and is_socks(proxy.url) else proxy  # as a proxy for HTTP
        proxies = {"all": asked.url} if asked is not None else {}
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        tls: dict[str, Any] = {}
        if scheme == "https" or (asked is not None and asked.url.startswith("https:")):
            context = self._build_context()
            tls = {"ssl_context": context, "cert_reqs": context.verify_mode}
        with self._routing:
            if asked is not None and asked.authorization:
                self._logins[asked.url] = asked.authorization
            manager = self.poolmanager if asked is None else self.proxy_manager_for(asked.url)
            pool: Any = manager.connection_from_host(parts.hostname, parts.port, scheme, pool_kwargs=tls)
            pool.sockets = self.sockets
            pool.socks = proxy if asked is None else None
            if len(self._routes) > 1000:
                self._routes.clear()
            target = find_target(url)
            if not super().request_url(request, proxies).startswith("/"):  # a proxy is told where it goes
                target = f"{scheme}://{parts.netloc.rpartition('@')[2]}{target}"
            route = self._routes[url] = pool, target, proxy
        return route

    def _build_context(self) -> SSLContext:
        return build_context(self._way.certificates if self._way is not None else None)

    @override
    def proxy_manager_for(self, proxy: str, **settings: Any) -> Any:
        if proxy not in self.proxy_manager:
            if proxy.startswith("https:"):
                settings["proxy_ssl_context"] = self._build_context()
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
