"""Chooses the reply to a request: by the scenario, the script and the seed."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

import orjson
from aiohttp import web

from modelhub.errors import ModelHubError
from modelhub.server.formats.answers import Answer
from modelhub.server.formats.format import Ask, Endpoint, Format, Function
from modelhub.server.formats.replies import Failure, Json, Reply
from modelhub.server.mock.faults import ANSWERING, Fault, build_failure, build_spoilt, parse_fault
from modelhub.server.mock.recording import CONFIG_NAME
from modelhub.server.mock.scenario.play import Turn
from modelhub.server.mock.scenario.quota import Refusal
from modelhub.server.mock.script import Script
from modelhub.server.mock.settings import MockSettings

_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


class Asked:
    """A request that has arrived: what it asks for, and the wire format that it is in."""

    def __init__(self, request: web.Request, body: bytes, form: Format, endpoint: Endpoint) -> None:
        self.request = request
        self.form = form
        self.endpoint = endpoint
        self.refusal: Failure | None = None
        self.body: Json = {}
        self.raw = body
        if endpoint.method == "POST" and endpoint.json:
            try:
                self.body = parse_body(body)
            except Failure as failure:
                self.refusal = failure

    @property
    def model(self) -> str:
        """The name of the model, from the path or the body; empty if there is none."""
        name = self.request.match_info.get("model") or self.body.get("model")
        return name if isinstance(name, str) else ""

    @property
    def names(self) -> tuple[str, str]:
        """What a script may call the model: the name of its config, where it is told, and its own."""
        return unquote(self.request.headers.get(CONFIG_NAME, "")), self.model


class Choosing:
    """Chooses replies by one server's settings and script."""

    def __init__(self, settings: MockSettings, script: Script, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.script = script
        self.clock = clock

    def choose(self, asked: Asked, turn: Turn) -> tuple[Reply, str]:
        """The reply, and the outcome that it is counted as."""
        try:
            if asked.endpoint.keyed:
                self.check_key(asked.request)
            reply, outcome = self.choose_admitted(asked, turn)
        except Failure as failure:
            return self.build_refusal(failure, asked.form), "refused"
        standing = turn.tell_standing(self.clock(), time.time())
        return replace(reply, headers={**asked.form.build_limit_headers(standing), **reply.headers}), outcome

    def choose_admitted(self, asked: Asked, turn: Turn) -> tuple[Reply, str]:
        """Let the request into the limits, and choose; raises Failure for a request that the vendor would refuse."""
        refusal = turn.admit(self.clock())
        if refusal is not None:
            return self.build_limited(refusal, turn.retry_after, asked.form), refusal.limit
        fault = self.take_fault(asked, turn.fault)
        failure = build_failure(fault)
        if failure is not None:
            reply = self.build_refusal(failure, asked.form)
            reply = replace(reply, headers={**reply.headers, **fault.headers})
        else:
            answer = self.take_answer(asked) if fault.name in ANSWERING else None
            reply = answer if isinstance(answer, Reply) else build_from(asked, self.settings.seed, answer)
            refusal = turn.charge(reply.tokens, self.clock())
            if refusal is not None:
                if answer is not None:
                    self.script.give_back(answer, asked.model)
                return self.build_limited(refusal, turn.retry_after, asked.form), refusal.limit
            reply = build_spoilt(fault, reply, asked.form)
        return replace(reply, delay=reply.delay + turn.latency, chunk_delay=turn.chunk_delay), fault.name

    def take_answer(self, asked: Asked) -> Answer | Function | Reply | None:
        """What the script says to a request that is answered; None where it says nothing, or is not meant."""
        endpoint = asked.endpoint
        return self.script.take_answer(endpoint.gives, asked.names) if endpoint.scripted else None

    def take_fault(self, asked: Asked, drawn: Fault) -> Fault:
        """The fault that the request's header asks for, else the next one of the script, else the one of the scenario.

        A client that follows a redirect sends the header again; it is redirected only once.
        """
        request = asked.request
        header = request.headers.get("X-Mock-Fault")
        try:
            if header is not None:
                fault = parse_fault(header)
            else:
                fault = (self.script.take_fault(asked.names) if asked.endpoint.scripted else None) or drawn
        except ModelHubError as error:
            raise Failure(400, "bad_request", str(error)) from None
        if fault.name != "redirect":
            return fault
        if header is not None and "redirected" in request.query:
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

    def build_limited(self, refusal: Refusal, retry_after: bool | float, form: Format) -> Reply:
        """The 429 of a limit; without a time of its own, or of the limit, its Retry-After is the settings' one."""
        wait = refusal.wait if retry_after is True else retry_after if retry_after is not False else None
        name = "token_limit" if refusal.limit == "tpm" else "rate_limit"
        reply = form.build_error(Failure(429, name, refusal.message, wait))
        if retry_after is False:
            return reply
        told = self.settings.retry_after
        if wait is not None:  # vendors tell whole seconds; what a scenario says is sent as it is
            told = f"{math.ceil(wait)}" if retry_after is True else f"{wait:g}"
        return replace(reply, headers={**reply.headers, "retry-after": told})


def parse_body(body: bytes) -> Json:
    """Read the JSON object of a request; raises Failure when the body is not a JSON object."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Failure(400, "bad_request", f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Failure(400, "bad_request", "the body is not a JSON object")
    return value


def build_from(asked: Asked, seed: int, scripted: Answer | Function | None) -> Reply:
    """Let the endpoint answer; raises Failure when it cannot read the request."""
    if asked.refusal is not None:
        raise asked.refusal
    request = asked.request
    ask = Ask(asked.body, seed, scripted, request.match_info, request.query, request.headers, asked.raw)
    return build_reply(asked.endpoint.build, ask)


def build_reply(build: Callable[[Ask], Reply], ask: Ask) -> Reply:
    """The reply to a request; raises Failure when it cannot be read."""
    try:
        return build(ask)
    except _UNREADABLE as error:
        raise Failure(400, "bad_request", f"the request cannot be read: {type(error).__name__}: {error}") from None
