"""The mock server's application: its paths, what it tells of itself, and the course of a request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import count

from aiohttp import web
from aiohttp.typedefs import Handler

from modelhub.overriding import override
from modelhub.server.formats import anthropic, dashscope, gemini, images, ollama, openai, post_api, zhipuai
from modelhub.server.formats.batches import anthropic as anthropic_batches
from modelhub.server.formats.batches import dashscope as dashscope_batches
from modelhub.server.formats.batches import gemini as gemini_batches
from modelhub.server.formats.batches import openai as openai_batches
from modelhub.server.formats.batches import zhipuai as zhipuai_batches
from modelhub.server.formats.batches.api import BatchAPI
from modelhub.server.formats.format import Endpoint, Format
from modelhub.server.formats.replies import Reply, build_json
from modelhub.server.http.sending import Pace, send
from modelhub.server.mock.batches import Batches
from modelhub.server.mock.choosing import Asked, Choosing
from modelhub.server.mock.recording import ENDPOINTS
from modelhub.server.mock.scenario.play import Play
from modelhub.server.mock.script import Script
from modelhub.server.mock.settings import MockSettings
from modelhub.server.mock.tally import Tally

FORMATS: tuple[Format, ...] = (
    openai.FORMAT,
    images.FORMAT,
    ollama.FORMAT,
    dashscope.FORMAT,
    post_api.FORMAT,
    anthropic.FORMAT,
    gemini.FORMAT,
    zhipuai.FORMAT,
)
BATCH_APIS: tuple[BatchAPI, ...] = (
    openai_batches.API,
    anthropic_batches.API,
    gemini_batches.API,
    zhipuai_batches.API,
    dashscope_batches.API,
)
_MAX_BODY = 256 * 1024 * 1024
_TURNS = 6


def build_app(
    settings: MockSettings,
    script: Script | None = None,
    tally: Tally | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> web.Application:
    """Make the application; with ``script``, the caller can change faults and answers while it runs.

    ``tally`` counts the requests. ``clock`` tells the seconds by which the scenario goes, which begins now.
    """
    server = _Server(settings, script or Script(settings.faults), tally or Tally(), clock)
    app = web.Application(client_max_size=_MAX_BODY)
    routes = app[ENDPOINTS] = {}
    for form, endpoint in server.endpoints:
        for path in endpoint.paths:
            handler = server.build_handler(form, endpoint)
            if endpoint.unless:
                resource = _Declining(path, endpoint.unless)
                app.router.register_resource(resource)
                route: web.AbstractRoute = resource.add_route(endpoint.method, handler)
            else:
                route = app.router.add_route(endpoint.method, path, handler)
            routes[route] = endpoint
    app.router.add_route("GET", "/health", server.tell_health)
    app.router.add_route("GET", "/mock/counts", server.tell_counts)
    app.router.add_route("*", "/{path:.*}", server.tell_paths)
    app.on_shutdown.append(server.end)
    return app


class _Declining(web.DynamicResource):
    """A path that two vendors have: a request with a certain header is for the other one."""

    def __init__(self, path: str, header: str) -> None:
        super().__init__(path)
        self._header = header

    @override
    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        return (None, set()) if self._header in request.headers else await super().resolve(request)


class _Server:
    """One server's state: its settings, script, scenario, request numbers and pauses, and what it has counted."""

    def __init__(self, settings: MockSettings, script: Script, tally: Tally, clock: Callable[[], float]) -> None:
        self.choosing = Choosing(settings, script, clock)
        self.pace = Pace(settings.latency, settings.chunk_delay, settings.chunk_bytes)
        self.play = Play(settings.read_scenario(), clock())
        self.clock = clock
        self.tally = tally
        self.numbers = count(1)
        batches = Batches(settings, script, self.play, tally, clock)
        self.endpoints = [(form, endpoint) for form in FORMATS for endpoint in form.endpoints]
        self.endpoints += [(api.form, service.open(batches)) for api in BATCH_APIS for service in api.services]

    def build_handler(self, form: Format, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            asked = Asked(request, await request.read(), form, endpoint)
            part = self.play.find_part(asked.model, request.path)
            left: asyncio.CancelledError | None = None
            if part.is_full or self.tally.is_at_most(asked.model):
                try:
                    await _see_who_has_left()
                except asyncio.CancelledError as error:  # who has asked, but it has been asked: the script goes on
                    left = error
            with ExitStack() as stay:
                visit = stay.enter_context(self.tally.count(asked.model))
                turn = stay.enter_context(part.begin(self.clock()))
                reply, visit.outcome = self.choosing.choose(asked, turn)
                if left is not None:
                    raise left
                return await self.send(request, reply, stay.close)

        return handle

    async def send(
        self, request: web.Request, reply: Reply, done: Callable[[], object] = lambda: None
    ) -> web.StreamResponse:
        headers = {"x-request-id": f"mock-{next(self.numbers)}", **reply.headers}
        headers = {name: value for name, value in headers.items() if value}
        return await send(request, replace(reply, headers=headers), self.pace, done)

    async def tell_health(self, request: web.Request) -> web.StreamResponse:
        return await self.send(request, build_json({"status": "ok"}))

    async def tell_counts(self, request: web.Request) -> web.StreamResponse:
        return await self.send(request, build_json(self.tally.tell().to_json()))

    async def tell_paths(self, request: web.Request) -> web.StreamResponse:
        paths = [f"{endpoint.method} {path}" for _, endpoint in self.endpoints for path in endpoint.paths]
        known = any(line.endswith(f" {request.path}") for line in paths)
        message = f"the mock server does not serve {request.method} {request.path}"
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": "unknown_url"}
        return await self.send(request, build_json({"error": error, "paths": paths}, 405 if known else 404))

    async def end(self, app: web.Application) -> None:
        self.pace.end()


async def _see_who_has_left() -> None:
    """Let the server take note of connections that were closed before this request was sent.

    It would otherwise be counted beside requests that are over. A closed connection takes asyncio and aiohttp some
    turns of the loop: to be read, to be lost, and to cancel its handler and what that waits for.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
