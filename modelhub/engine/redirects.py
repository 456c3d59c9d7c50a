"""Follows redirects, where that is safe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urljoin, urlsplit

from modelhub.engine.authorizing import sent
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.engine.interface import HTTPModel
from modelhub.wire import Reply, Request

_MAX_REDIRECTS = 3


def redirected(call: Call, request: Request, reply: Reply) -> Flow[Reply]:
    """The successful reply that a 307 or 308 leads to; raises the error that the last reply tells of."""
    reply = yield from followed(request, reply, partial(sent, call))
    if not 200 <= reply.status < 300:
        model: HTTPModel = call.model
        raise model.parse_error(reply)
    return reply


def followed(request: Request, reply: Reply, send: Callable[[Request], Flow[Reply]]) -> Flow[Reply]:
    """The reply that a 307 or 308 leads to; only on the same host, since no other host may see the key."""
    url = request.url
    for _ in range(_MAX_REDIRECTS):
        try:
            target = urljoin(url, _read_location(reply))
            elsewhere = urlsplit(target)[:2] != urlsplit(url)[:2]
        except ValueError:  # it is no URL
            break
        if reply.status not in (307, 308) or target == url or elsewhere:
            break
        url = target
        reply = yield from send(request.replace(url=url))
    return reply


def _read_location(reply: Reply) -> str:
    """Where a reply leads; of letters that are not ASCII, one driver tells the characters, the other the bytes."""
    location = reply.headers.get("location") or ""
    if location.isascii():
        return location
    try:
        return location.encode("latin-1").decode()
    except UnicodeError:
        return location
