"""The course of a request at the gateway: who asks, for what, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from modelhub.errors import ModelHubError
from modelhub.secrets import mask_keys
from modelhub.server.formats.failures import build_failure
from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocols import PROTOCOLS
from modelhub.server.formats.replies import Failure, Reply
from modelhub.server.gateway.admitting import Entrance, Entrances
from modelhub.server.gateway.answering import answer
from modelhub.server.gateway.callers import Callers
from modelhub.server.gateway.connections import build_response
from modelhub.server.gateway.dispatching import Dispatcher, Found
from modelhub.server.gateway.draining import Draining
from modelhub.server.gateway.loopback import is_loopback
from modelhub.server.gateway.metrics import Metrics
from modelhub.server.gateway.models import Models
from modelhub.server.gateway.reading import read_json

_KEY = "the key is missing or wrong: send it as Authorization: Bearer KEY, or as x-api-key: KEY"
_DRAINING = "the server is about to stop; ask again, another one will answer"
_BROKEN_OFF = "the server stops, and has broken off the answer"
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_TOLD = (401, 403)  # statuses of a vendor's refusal that whoever runs the gateway must know of


class Gateway:
    """Answers requests; ``callers`` and what the ``models`` and the ``entrances`` offer may change meanwhile."""

    def __init__(self, models: Models, callers: Callers, entrances: Entrances, metrics: Metrics) -> None:
        self.models = models
        self.callers = callers
        self.entrances = entrances
        self.metrics = metrics
        self.draining = Draining()
        self._dispatcher = Dispatcher(PROTOCOLS)

    @property
    def protocols(self) -> list[str]:
        """The names of the protocols that it speaks."""
        return [protocol.name for protocol in self._dispatcher.protocols]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The reply to a request; nothing but a cancellation is raised."""
        path, _, _ = request.raw_path.partition("?")
        if not path.startswith("/"):  # the whole address, as proxies are asked
            path = request.rel_url.raw_path
        method = "GET" if request.method == "HEAD" else request.method
        if path in _PROBES:
            return build_response(self._probe(method, path, request))
        found = self._dispatcher.find(method, path)
        if found.later is not None:
            found = found.choose(_build_ask(request, found))
        with self.draining.count(), self.metrics.count(found.protocol.name) as visit:
            try:
                reply = await self._answer(request, method, path, found)
            except (asyncio.CancelledError, Exception) as error:
                failure = self._explain(request, error)
                last = self.draining.has_begun or failure.status in (408, 413)
                reply = build_response(found.protocol.build_error(failure), last=last)
            visit.status = reply.status
            return reply

    async def _answer(self, request: web.BaseRequest, method: str, path: str, found: Found) -> web.StreamResponse:
        if self.draining.has_begun:
            raise Failure(503, "overloaded", _DRAINING, 1.0)
        entrance = self._admit(request)
        if found.route is None and found.listing is None:
            raise self._dispatcher.build_failure(method, path)
        ask = _build_ask(request, found, await read_json(request) if method != "GET" else {})
        if found.listing is not None:
            return build_response(found.listing.build(self.models.list_tasks(entrance.caller), ask))
        assert found.route is not None
        reply = await answer(found.route, ask, self.models, entrance)
        if not reply.wanted.stream:
            return reply.build_whole()
        with self.metrics.stream():
            return await reply.stream(request, lambda error: self._explain(request, error))

    def _admit(self, request: web.BaseRequest) -> Entrance:
        """Where the caller comes in; raises Failure for one without a key that is known."""
        caller = self.callers.find(request.headers)
        if caller is None:
            raise Failure(401, "authentication", _KEY)
        if not self.callers.all and (origin := request.headers.get("Origin")) and not _is_local(origin):
            # A page of the web that asks the browser's own machine, where no key is needed.
            raise Failure(403, "permission", "web pages may not use a server without keys")
        return self.entrances.find(caller)

    def _explain(self, request: web.BaseRequest, error: BaseException) -> Failure:
        """What the caller is told of ``error``; a cancellation is raised again, unless it is the server's own end."""
        if isinstance(error, asyncio.CancelledError):
            task = asyncio.current_task()
            if not self.draining.is_over or task is None or request.transport is None:
                raise error
            task.uncancel()
            return Failure(503, "overloaded", _BROKEN_OFF, 1.0)
        if isinstance(error, ConnectionError) and not isinstance(error, ModelHubError):  # the caller has left
            raise asyncio.CancelledError from None
        if not isinstance(error, Exception):
            raise error
        failure = build_failure(error)
        if not isinstance(error, Failure):
            self._log(error, failure)
        return failure

    def _log(self, error: Exception, failure: Failure) -> None:
        log = logging.getLogger("modelhub.gateway")
        if not isinstance(error, ModelHubError):
            log.error("a request has failed: %s: %s", type(error).__name__, mask_keys(str(error)), exc_info=error)
        elif failure.status >= 500 or failure.status in _TOLD:
            log.warning("%s: %s", type(error).__name__, mask_keys(str(error)))

    def _probe(self, method: str, path: str, request: web.BaseRequest) -> Reply:
        if method != "GET":
            return build_text("only GET is answered here\n", 405)
        if path == "/healthz":
            return build_text("ok\n")
        if path == "/readyz":
            return build_text("draining\n", 503) if self.draining.has_begun else build_text("ready\n")
        if self.callers.find(request.headers) is None:
            return build_text(f"{_KEY}\n", 401)
        return self.metrics.build_page()

    def refuse(self, path: str, failure: Failure) -> Reply:
        """The reply to what is no HTTP."""
        return self._dispatcher.find_nearest(path).build_error(failure)


def _build_ask(request: web.BaseRequest, found: Found, body: dict[str, Any] | None = None) -> Ask:
    query = dict(request.query) if "?" in request.raw_path else {}
    return Ask(body or {}, path=found.path, query=query, headers=request.headers)


def build_text(text: str, status: int = 200) -> Reply:
    """A reply of plain text."""
    return Reply(status, text.encode(), content_type="text/plain; charset=utf-8")


def _is_local(origin: str) -> bool:
    """Whether a page comes from this machine."""
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        return False
    return host is not None and is_loopback(host)
