"""Follows redirects, where that is safe."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from modelhub.engine.effects import Flow
from modelhub.engine.interface import HTTPModel
from modelhub.wire import Reply, Request

_MAX_REDIRECTS = 3


def redirected(model: HTTPModel, request: Request, reply: Reply) -> Flow[Reply]:
    """The reply that a 307 or 308 leads to; only on the same host, since no other host may see the key."""
    url = request.url
    for _ in range(_MAX_REDIRECTS):
        try:
            target = urljoin(url, reply.headers.get("location") or "")
            elsewhere = urlsplit(target)[:2] != urlsplit(url)[:2]
        except ValueError:  # it is no URL
            break
        if reply.status not in (307, 308) or target == url or elsewhere:
            break
        url = target
        reply = yield Request(
            url,
            request.headers,
            request.body,
            method=request.method,
            stream=request.stream,
            timeout=request.timeout,
            connect_timeout=request.connect_timeout,
        )
    if not 200 <= reply.status < 300:
        raise model.parse_error(reply)
    return reply
