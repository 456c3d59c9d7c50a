"""A model whose requests are authorized as its ``auth`` says, and a service that a test answers for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator, Mapping
from threading import Event as Signal
from threading import Thread
from typing import Any, NamedTuple, Self

from aiohttp import web

from modelhub.adapters.auth import compile_auth
from modelhub.base import Accumulator, Endpoint, Event, HTTPModelWrapperBase, ModelResponse, Reply, Request, override


class Signed(HTTPModelWrapperBase):
    """Posts its input; the text of the reply is its ``text``."""

    model_type = "signed"

    def __init__(self, config_name: str | None = None, api_url: str = "", auth: Any = None, **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)
        self.api_url = api_url
        self.auth = auth

    @override
    def bind(self, input: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
        return input, options

    @override
    def build_endpoint(self) -> Endpoint:
        return Endpoint(self.api_url, self.build_headers({}))

    @override
    def build_authorization(self) -> Any:
        return compile_auth(self.auth, f"config {self.config_name!r}")

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        return self.build_post({"input": input, **options}, stream)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        return ModelResponse(text=reply.json()["text"])

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        return ModelResponse(text=event.data["text"], finish_reason=event.data.get("stop"))


class SignedJob(Signed):
    """Hands a job in, and asks until it is done."""

    model_type = "signed_job"

    @override
    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse] | None:
        return self._exchange(input)

    def _exchange(self, input: Any) -> Generator[Request, Reply, ModelResponse]:
        reply = yield self.build_post({"input": input})
        while "text" not in reply.json():
            reply = yield Request(f"{self.endpoint.url}/job", self.endpoint.headers, method="GET", delay=0.001)
        return ModelResponse(text=reply.json()["text"])


class Asked(NamedTuple):
    """A request as it came: ``target`` is what stood in its first line."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Answer = tuple[int, Mapping[str, str], bytes]
OK: Answer = (200, {}, b'{"text": "hello"}')


def answer_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON."""
    return status, headers, json.dumps(value).encode()


class Service:
    """A server on a free port, which answers each request as ``answer`` says; ``asked`` has what came."""

    def __init__(self, answer: Callable[[Asked], Answer], pause: float = 0.0) -> None:
        self.asked: list[Asked] = []
        self.url = ""
        self._answer = answer
        self._pause = pause
        self._started = Signal()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def targets(self) -> list[str]:
        """The first lines of all that came."""
        return [f"{each.method} {each.target}" for each in self.asked]

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = Asked(request.method, request.raw_path, request.headers.copy(), await request.read())
        self.asked.append(asked)
        if self._pause:
            await asyncio.sleep(self._pause)
        status, headers, body = self._answer(asked)
        return web.Response(status=status, headers=headers, body=body)
