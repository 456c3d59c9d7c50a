"""What a mock server was asked, recorded as it arrives."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that arrived; ``headers`` ignores case, ``json`` is None if the body is not JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    json: Any
    bytes: builtins.bytes = field(repr=False)


def build_recorder(keep: Callable[[RecordedRequest], None], count: Callable[[int], None]) -> Middleware:
    """A middleware that hands each request to ``keep``, and tells ``count`` of 1 when one comes, -1 when it is over."""

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        count(1)
        try:
            keep(build_recorded(request, await request.read()))
            return await handler(request)
        finally:
            count(-1)

    return record


def build_recorded(request: web.Request, body: bytes) -> RecordedRequest:
    """The record of a request."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    return RecordedRequest(request.method, request.path, dict(request.query), request.headers.copy(), value, body)
