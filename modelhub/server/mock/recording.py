"""What a mock server was asked, recorded as it arrives."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from modelhub.server.formats.answers import Prompt
from modelhub.server.formats.format import Ask, Endpoint
from modelhub.server.formats.replies import Failure

CONFIG_NAME = "X-Mock-Config"
"""The header by which a model that was pointed at the mock tells its config_name, which is quoted as in an address."""

ENDPOINTS = web.AppKey("endpoints", dict[web.AbstractRoute, Endpoint])


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request that arrived; ``headers`` ignores case, ``json`` is None if the body is not JSON.

    ``config_name`` is empty where nobody has told it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    json: Any
    bytes: builtins.bytes = field(repr=False)
    config_name: str = ""
    _parse: Callable[[], Prompt] | None = field(default=None, repr=False, compare=False)

    @property
    def prompt(self) -> Prompt | None:
        """What a chat was asked, in the same form for every vendor; None for any other request."""
        try:
            return self._parse and self._parse()
        except (Failure, KeyError, TypeError, ValueError, AttributeError):
            return None


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
    headers = request.headers.copy()
    name = unquote(headers.pop(CONFIG_NAME, ""))
    query = dict(request.query)
    endpoint = request.app[ENDPOINTS].get(request.match_info.route)
    parse = endpoint.parse if endpoint else None
    ask = Ask(value if isinstance(value, dict) else {}, 0, None, {**request.match_info}, query, headers, body)
    return RecordedRequest(
        request.method, request.path, query, headers, value, body, name, parse and (lambda: parse(ask))
    )
