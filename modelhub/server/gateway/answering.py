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
from modelhub.errors import ContentFilterError, ModelCallError, ResponseParsingError
from modelhub.messages import normalize_messages
from modelhub.messages.tokens import estimate_tokens
from modelhub.response import ModelResponse, StreamedResponse, Usage
from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Route, Wanted, Writer
from modelhub.server.formats.replies import Failure
from modelhub.server.formats.requests.options import choose_options
from modelhub.server.gateway.admitting import Entrance
from modelhub.server.gateway.models import Models
from modelhub.wire import encode_json

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
        await reply.prepare(request)
        pieces = [writer.build_opening(response)]
        try:
            async for delta in response:
                pieces.append(writer.build_delta(delta))
                if not response.ready:
                    await reply.write(b"".join(pieces))
                    pieces.clear()
                    if not self._keeps and isinstance(response, StreamedResponse):
                        response.forget_raw()
            pieces.append(writer.build_closing(response))
        except BaseException as error:
            whole = find_unfit(error, self.wanted)
            ended = writer.build_error_event(explain(error)) if whole is None else writer.build_closing(whole)
            pieces.append(ended)
        finally:
            response.close()
        await reply.write(b"".join(pieces))
        await reply.write_eof()
        return reply


async def answer(route: Route, ask: Ask, models: Models, entrance: Entrance) -> Answer:
    """The answer to what a request asks for; of a stream, as soon as its first piece is there.

    Raises Failure for what cannot be asked, and what the call raises.
    """
    wanted = route.parse(ask)
    model = models.find(wanted.model, entrance.caller)
    if wanted.task == "tokens":
        response: Any = ModelResponse(usage=Usage(await _count_tokens(model, wanted)))
        return Answer(wanted, route, response)
    if model.task != wanted.task:
        does, asked = _DOES.get(model.task, model.task), _DOES.get(wanted.task, wanted.task)
        raise Failure(400, "bad_request", f"the model {wanted.model!r} {does}; this path is for one that {asked}")
    options = choose_options(wanted, model)
    if wanted.task == "chat" and takes_stream(type(model)):
        options["stream"] = wanted.stream and _can_stream(model)
    try:
        response = await entrance.ask(model, wanted.input, options)
    except ModelCallError as error:
        response = find_unfit(error, wanted)
        if response is None:
            raise
    return Answer(wanted, route, response, model.is_composite or _has_cache(model))


def find_unfit(error: BaseException, wanted: Wanted) -> ModelResponse | None:
    """The answer of a model that is whole, but not what its ``response_format`` asks for: callers look at that."""
    if not isinstance(error, ResponseParsingError | ContentFilterError) or "response_format" not in wanted.options:
        return None
    whole = error.partial
    return whole if isinstance(whole, ModelResponse) and whole.finish_reason is not None else None


def _has_cache(model: Any) -> bool:
    """Whether answers of the model are kept."""
    guards = model.home.guards
    return guards is not None and guards.cache is not None


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
