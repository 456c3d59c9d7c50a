"""A wrapper that is only data, and streams that are played to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelhub.adapters.events import StreamAdapter, compile_stream
from modelhub.adapters.failures import compile_error
from modelhub.adapters.reading import compile_response
from modelhub.base import Accumulator, ChatWrapper, Endpoint, Event, EventDecoder, ModelResponse, Reply, Request
from modelhub.errors import ModelCallError
from modelhub.response.streamed import build_response
from modelhub.testing import Replay

Headers = Mapping[str, str]


class Adapted(ChatWrapper):
    """Asks a service whose replies are read as ``parts`` says."""

    model_type = "adapted_chat"

    def __init__(self, parts: dict[str, Any]) -> None:
        super().__init__("mine", "m", retry={"max_attempts": 1})
        self.reader = compile_response(parts.get("response"), "chat")
        self.error = compile_error(parts["error"]) if "error" in parts else None
        self.streams = compile_stream(parts.get("stream") or {}, parts.get("response"), self.error)

    def build_decoder(self) -> EventDecoder:
        return self.streams.build_decoder()

    def build_endpoint(self) -> Endpoint:
        return Endpoint("https://service.test/v1", {})

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        return self.build_post({"messages": input}, stream)

    def parse_response(self, reply: Reply) -> ModelResponse:
        document = self.reader.decode(reply)
        error = self.error.find(document, reply.status, reply.headers) if self.error is not None else None
        if error is not None:
            raise error
        return self.reader(document, reply.headers)

    def parse_error(self, reply: Reply) -> ModelCallError:
        document = self.reader.decode(reply)
        error = self.error.find(document, reply.status, reply.headers) if self.error is not None else None
        return error or super().parse_error(reply)

    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        return self.streams.parse_event(event, so_far)


def call(parts: dict[str, Any], *replies: dict[str, Any], **options: Any) -> ModelResponse:
    """The answer of a service that gives these replies; of a stream, when it is whole."""
    model = Adapted(parts)
    model.drivers = Replay([{"headers": {}, **reply} for reply in map(_write, replies)])
    response = model("hi", **options)
    assert isinstance(response, ModelResponse)
    return response


def _write(reply: dict[str, Any]) -> dict[str, Any]:
    body = reply.get("body")
    return reply if body is None or isinstance(body, str) else {**reply, "body": json.dumps(body)}


def read_stream(stream: dict[str, Any], pieces: list[bytes], **parts: Any) -> ModelResponse:
    """What comes of a stream whose bytes arrive in ``pieces``, without an engine."""
    response = parts.get("response")
    error = compile_error(parts["error"]) if "error" in parts else None
    adapter = compile_stream(stream, response, error)
    so_far = Accumulator()
    so_far.reply = Reply(200, parts.get("headers") or {})
    return gather(adapter, so_far, pieces)


def gather(adapter: StreamAdapter, so_far: Accumulator, pieces: list[bytes]) -> ModelResponse:
    """The whole of a stream; raises what its reading raises."""
    decoder: EventDecoder = adapter.build_decoder()
    assert so_far.reply is not None
    decoder.headers = so_far.reply.headers
    for piece in pieces:
        add(adapter, so_far, decoder.feed(piece))
        if decoder.done:
            return build_response(so_far)
    add(adapter, so_far, decoder.flush())
    return build_response(so_far)


def add(adapter: StreamAdapter, so_far: Accumulator, events: list[Event]) -> None:
    for event in events:
        delta = adapter.parse_event(event, so_far)
        if delta is not None:
            so_far.add(delta)
