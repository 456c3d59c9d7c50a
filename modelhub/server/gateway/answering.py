"""Answers one request for a model: a call becomes a whole reply, or a stream whose pieces go out as they come."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from copy import copy
from secrets import token_hex
from typing import Any

from aiohttp import web

from modelhub.base.composite import takes_stream
from modelhub.engine.stream import as_delta
from modelhub.errors import ModelCallError
from modelhub.messages import normalize_messages
from modelhub.messages.tokens import estimate_tokens
from modelhub.response import ModelResponse, StreamedResponse, Usage
from modelhub.server.formats.failures import find_answer
from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Route, Wanted, Writer
from modelhub.server.formats.replies import Failure
from modelhub.server.formats.requests.options import choose_options
from modelhub.server.gateway.admitting import Entrance
from modelhub.server.gateway.models import Models
from modelhub.wire import encode_json

_CLAUDE = "anthropic"  # as the names of its origins begin
_DOES = {"chat": "chats", "embedding": "makes embeddings", "image": "makes images"}
Interrupted = Callable[[BaseException], Failure]


class Answer:
    """The answer to one request, and how it is written."""

    __slots__ = ("_id", "_keeps", "response", "wanted", "writer")

    def __init__(self, wanted: Wanted, route: Route, response: Any, keeps: bool = True) -> None:
        self.wanted = wanted
        self.response = response
        self._keeps = keeps  # what has come of a stream: somebody else may want it
        self._id = token_hex(12)
        self.writer: Writer = route.build_writer(wanted, self._id, int(time.time()))

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the reply, whole or streamed."""
        return {"Server": "modelhub", "X-Request-Id": self._id}

    def build_whole(self) -> web.Response:
        """The whole reply."""
        body = encode_json(self.writer.build_whole(self.response))
        return web.Response(body=body, headers={"Content-Type": "application/json", **self.headers})

    async def stream(self, request: web.BaseRequest, explain: Interrupted) -> web.StreamResponse:
        """Send the reply in pieces; who reads slowly is waited for, and what breaks it off is told as its last event.

        ``explain`` says what the caller is told of an error, or raises it again.
        """
        response, writer = self.response, self.writer
        if not isinstance(response, StreamedResponse):
            response = as_delta(copy(response))
        headers = {"Content-Type": writer.content_type, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        reply = web.StreamResponse(headers={**headers, **self.headers})
        try:
            await reply.prepare(request)
            try:
                last = await self._write(reply, response)
            except BaseException as error:
                whole = find_answer(error)
                last = writer.build_error_event(explain(error)) if whole is None else writer.build_closing(whole)
            await reply.write(last)
            await reply.write_eof()
        finally:
            response.close()
        return reply

    async def _write(self, reply: web.StreamResponse, response: ModelResponse) -> bytes:
        """Write the deltas of ``response``, those together that have come together; what is still to be written."""
        writer = self.writer
        pieces = [writer.build_opening(response)]
        async for delta in response:
            pieces.append(writer.build_delta(delta))
            if not response.ready:
                await reply.write(b"".join(pieces))
                pieces.clear()
                if not self._keeps and isinstance(response, StreamedResponse):
                    response.forget_raw()
        return b"".join([*pieces, writer.build_closing(response)])


async def answer(route: Route, ask: Ask, models: Models, entrance: Entrance) -> Answer:
    """The answer to what a request asks for; of a stream, as soon as its first piece is there.

    Raises Failure for what cannot be asked, and what the call raises.
    """
    wanted = route.parse(ask)
    model = models.find(wanted.model, entrance.caller)
    if wanted.ready is not None:
        return Answer(wanted, route, wanted.ready)
    if wanted.task == "tokens":
        response: Any = ModelResponse(usage=Usage(await _count_tokens(model, wanted)))
        return Answer(wanted, route, response)
    if model.task != wanted.task:
        does, asked = _DOES.get(model.task, model.task), _DOES.get(wanted.task, wanted.task)
        raise Failure(400, "bad_request", f"the model {wanted.model!r} {does}; this path is for one that {asked}")
    options = choose_options(wanted, model)
    cls: Any = type(model)
    if wanted.task == "chat" and takes_stream(cls):
        options["stream"] = wanted.stream and _can_stream(model)
    try:
        response = await entrance.ask(model, wanted.input, options)
    except ModelCallError as error:
        response = find_answer(error)
        if response is None:
            raise
    return Answer(wanted, route, response, _keeps_raw(model, response))


def _keeps_raw(model: Any, response: ModelResponse) -> bool:
    """Whether what has come from the vendor is needed to the end: for a cache, or for Claude's signed thoughts."""
    guards = model.home.guards
    is_kept = guards is not None and guards.cache is not None
    return model.is_composite or is_kept or (response.origin is not None and response.origin.name.startswith(_CLAUDE))


def _can_stream(model: Any) -> bool:
    """Whether the model answers in pieces; the whole answer of another is sent as its one piece."""
    can_stream: Callable[[], bool] | None = getattr(model, "can_stream", None)
    return can_stream is None or can_stream()


async def _count_tokens(model: Any, wanted: Wanted) -> int:
    """The tokens of a prompt, as the model's vendor counts them, or an estimate."""
    tools = wanted.options.get("tools")
    count: Callable[..., Awaitable[int]] | None = getattr(model, "acount_tokens", None)
    if count is None:
        return int(estimate_tokens(normalize_messages(wanted.input), tools))
    return int(await count(wanted.input, tools))
