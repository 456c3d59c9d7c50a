"""The mock server's application: finds the reply to a request, from the script, the seed and the faults."""

from __future__ import annotations

import hmac
from dataclasses import replace
from itertools import count

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from modelhub.errors import ModelHubError
from modelhub.server.formats import anthropic, dashscope, gemini, images, ollama, openai, post_api, zhipuai
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.replies import Failure, Json, Reply, build_json
from modelhub.server.http.sending import Pace, send
from modelhub.server.mock.faults import ANSWERING, Fault, build_failure, build_spoilt, parse_fault
from modelhub.server.mock.script import Script
from modelhub.server.mock.settings import MockSettings

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
_MAX_BODY = 256 * 1024 * 1024
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


def build_app(settings: MockSettings, script: Script | None = None) -> web.Application:
    """Make the application; with ``script``, the caller can change faults and answers while it runs."""
    server = _Server(settings, script or Script(settings.faults))
    app = web.Application(client_max_size=_MAX_BODY)
    for form in FORMATS:
        for endpoint in form.endpoints:
            for path in endpoint.paths:
                app.router.add_route(endpoint.method, path, server.build_handler(form, endpoint))
    app.router.add_route("GET", "/health", server.tell_health)
    app.router.add_route("*", "/{path:.*}", server.tell_paths)
    app.on_shutdown.append(server.end)
    return app


class _Server:
    """One server's state: its settings, script, request numbers and pauses."""

    def __init__(self, settings: MockSettings, script: Script) -> None:
        self.settings = settings
        self.script = script
        self.pace = Pace(settings.latency, settings.chunk_delay, settings.chunk_bytes)
        self.numbers = count(1)

    def build_handler(self, form: Format, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                reply = self.build_reply(request, await request.read(), form, endpoint)
            except Failure as failure:
                reply = self.build_refusal(failure, form)
            return await self.send(request, reply)

        return handle

    def build_reply(self, request: web.Request, body: bytes, form: Format, endpoint: Endpoint) -> Reply:
        """Choose the reply; raises Failure for a request that the vendor would refuse."""
        self.check_key(request)
        fault = self.take_fault(request)
        failure = build_failure(fault)
        if failure is not None:
            reply = self.build_refusal(failure, form)
            return replace(reply, headers={**reply.headers, **fault.headers})
        answer = self.script.take_answer(endpoint.speaks) if fault.name in ANSWERING else None
        if isinstance(answer, Reply):
            reply = answer
        else:
            ask = Ask(
                parse_body(body) if endpoint.method == "POST" else {},
                self.settings.seed,
                answer,
                request.match_info,
                request.query,
                request.headers,
            )
            reply = build_from(endpoint, ask)
        return build_spoilt(fault, reply, form)

    def take_fault(self, request: web.Request) -> Fault:
        """The fault that the request's header asks for, else the next one of the script.

        A client that follows a redirect sends the header again; it is redirected only once.
        """
        asked = request.headers.get("X-Mock-Fault")
        try:
            fault = self.script.take_fault() if asked is None else parse_fault(asked)
        except ModelHubError as error:
            raise Failure(400, "bad_request", str(error)) from None
        if fault.name != "redirect":
            return fault
        if asked is not None and "redirected" in request.query:
            return Fault()
        return Fault("redirect", {"location": str(request.rel_url.update_query(redirected="1")), **fault.headers})

    def check_key(self, request: web.Request) -> None:
        """Raise the 401 failure unless the request carries the key that the settings ask for."""
        wanted = self.settings.api_key
        if wanted is None:
            return
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        given = bearer or request.headers.get("x-api-key") or request.headers.get("x-goog-api-key") or ""
        if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            raise Failure(401, "authentication", "Incorrect API key provided." if given else "No API key provided.")

    def build_refusal(self, failure: Failure, form: Format) -> Reply:
        """A failure in the format's error shape, with Retry-After where waiting helps."""
        reply = form.build_error(failure)
        if failure.name not in ("rate_limit", "overloaded"):
            return reply
        return replace(reply, headers={**reply.headers, "retry-after": self.settings.retry_after})

    async def send(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        headers = {"x-request-id": f"mock-{next(self.numbers)}", **reply.headers}
        headers = {name: value for name, value in headers.items() if value}
        return await send(request, replace(reply, headers=headers), self.pace)

    async def tell_health(self, request: web.Request) -> web.StreamResponse:
        return await self.send(request, build_json({"status": "ok"}))

    async def tell_paths(self, request: web.Request) -> web.StreamResponse:
        paths = [
            f"{endpoint.method} {path}" for form in FORMATS for endpoint in form.endpoints for path in endpoint.paths
        ]
        known = any(line.endswith(f" {request.path}") for line in paths)
        message = f"the mock server does not serve {request.method} {request.path}"
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": "unknown_url"}
        return await self.send(request, build_json({"error": error, "paths": paths}, 405 if known else 404))

    async def end(self, app: web.Application) -> None:
        self.pace.end()


def parse_body(body: bytes) -> Json:
    """Read the JSON object of a request; raises Failure when the body is not a JSON object."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Failure(400, "bad_request", f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Failure(400, "bad_request", "the body is not a JSON object")
    return value


def build_from(endpoint: Endpoint, ask: Ask) -> Reply:
    """Let an endpoint answer; raises Failure when it cannot read the request."""
    try:
        return endpoint.build(ask)
    except _UNREADABLE as error:
        raise Failure(400, "bad_request", f"the request cannot be read: {type(error).__name__}: {error}") from None
