"""A server that works on jobs, in virtual time or behind a socket, and a model that hands jobs in to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from modelhub.wrappers.post_api import PostAPIChatWrapper
from multidict import CIMultiDict

from modelhub import ModelRegistry, ModelResponse, errors
from modelhub.aio import AioDriver
from modelhub.base import Begun, Job, Reply, Request, override
from modelhub.engine.classify import build_error
from modelhub.sync import SyncDriver
from modelhub.testing.clock import VirtualDrivers

BASE = "http://jobs.invalid"


class Drawing(Job):
    """A job at ``/jobs/<id>``."""

    def __init__(self, model: Any) -> None:
        self.url, self.headers = model.endpoint.url, model.endpoint.headers
        self.every, self.max = model.every, model.longest
        self.cancels = model.cancels

    @override
    def begin(self, reply: Reply) -> Begun:
        where = f"{self.url}/{reply.json()['id']}"
        ask, cancel = (Request(where, self.headers, method=method) for method in ("GET", "DELETE"))
        return Begun(ask, cancel if self.cancels else None)

    @override
    def look(self, reply: Reply) -> ModelResponse | errors.ModelCallError | None:
        if not 200 <= reply.status < 300:
            return None
        told = reply.json()
        if told["state"] == "failed":
            error = build_error(500, "it failed", headers=reply.headers)
            error.retryable = told.get("again", False)
            return error
        return ModelResponse(text=told["text"]) if told["state"] == "done" else None


class JobWrapper(PostAPIChatWrapper):
    """A model whose answers take long."""

    model_type = "job_chat"

    def __init__(self, *args: Any, every: float = 1.0, longest: float = 600.0, cancels: bool = True, **more: Any):
        super().__init__(*args, **more)
        self.every, self.longest, self.cancels = every, longest, cancels

    @override
    def exchange(self, input: Any, options: dict[str, Any]) -> Job:
        return Drawing(self)


def reply(status: int = 200, headers: dict[str, str] | None = None, **told: Any) -> Reply:
    """A reply of the server."""
    return Reply(status, CIMultiDict(headers or {}), json.dumps(told).encode())


TAKEN = reply(202, id="j")
RUNNING = reply(state="running")
DONE = reply(state="done", text="drawn")
FAILED = reply(state="failed")
FAILED_FOR_NOW = reply(state="failed", again=True)
BUSY = reply(503)
GONE = reply(204)


class JobServer(VirtualDrivers):
    """Answers with the next of ``outcomes``: a reply, an exception to raise, or seconds that pass before the next one.

    The last one is repeated. DELETE is answered by ``cancelled``. ``told`` has the time and the method of each request.
    """

    def __init__(self, outcomes: Sequence[Any], cancelled: Any = GONE) -> None:
        super().__init__()
        self.outcomes = list(outcomes)
        self.cancelled = cancelled
        self.told: list[tuple[float, str]] = []
        self.requests: list[Request] = []

    @override
    def build_sync(self) -> SyncDriver:
        return SyncDriver(self, self.virtual.sleep)

    @override
    def build_aio(self) -> AioDriver:
        return AioDriver(_Session(self), self.virtual.asleep)

    def fetch(self, request: Request) -> Reply:
        """The reply to a request."""
        self.told.append((round(self.clock(), 3), request.method))
        self.requests.append(request)
        outcome = self.cancelled if request.method == "DELETE" else self._next()
        if isinstance(outcome, BaseException):
            raise outcome
        assert isinstance(outcome, Reply)
        return Reply(outcome.status, outcome.headers, outcome.body)

    def _next(self) -> Any:
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, float):
            self.virtual.advance(outcome)
            return self._next()
        return outcome

    @property
    def methods(self) -> list[str]:
        """The methods of all requests."""
        return [method for _, method in self.told]


class _Session:
    def __init__(self, server: JobServer) -> None:
        self._server = server

    async def fetch(self, request: Request) -> Reply:
        return self._server.fetch(request)


def build_job_model(server: JobServer | None = None, url: str = BASE, told: Any = None, **config: Any) -> Any:
    """A model that hands its jobs in to this server; ``told`` observes its calls."""
    given = {"config_name": "slow", "model_type": "job_chat", "api_url": f"{url}/jobs"}
    model = ModelRegistry({**given, **config}, wrappers=[JobWrapper], observers=[told] if told else []).get_model(
        "slow"
    )
    if server is not None:
        model.drivers = server
    return model


def build_app(cancelling: str) -> tuple[web.Application, list[str]]:
    """An application whose jobs never end; how it answers to DELETE, and the methods it has seen."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.method)
        if request.method == "DELETE":
            if cancelling == "silent":
                await asyncio.sleep(60)
            return web.json_response({}, status=500 if cancelling == "fails" else 200)
        return web.json_response({"id": "j", "state": "running"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    return app, seen
