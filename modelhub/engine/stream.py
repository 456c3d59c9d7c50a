"""A streamed answer: read event by event, delivered delta by delta, and never asked for twice once it has begun."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelhub.engine import redirected, wait_before_repeating
from modelhub.engine.classify import find_request_id
from modelhub.engine.effects import READ, StreamFlow
from modelhub.engine.parsing import MISSHAPEN, misshapen, not_json, read
from modelhub.engine.structured import parse_structured
from modelhub.errors import ConnectionError, ModelCallError, ResponseParsingError, StreamInterruptedError, TimeoutError
from modelhub.response import ModelResponse, ToolCallDelta
from modelhub.response.accumulator import Partial
from modelhub.wire import LineDecoder, Reply

if TYPE_CHECKING:
    from modelhub.base import HTTPModelWrapperBase


def stream(model: HTTPModelWrapperBase, input: Any, options: dict[str, Any], partial: Partial) -> StreamFlow:
    """The deltas of an answer as they come; tried again only while nothing has been delivered."""
    tries = 0
    response_format = options.get("response_format")
    try:
        request = model.build_request(input, options, True)
        while True:
            try:
                reply: Reply = yield request
                if not 200 <= reply.status < 300:
                    reply = yield from redirected(model, request, reply)
                partial.request_id = find_request_id(reply.headers)
                yield from _deltas(model, reply, partial)
                if response_format is not None:
                    partial.parsed = parse_structured(ModelResponse.from_partial(partial), response_format)
                return
            except ModelCallError as error:
                if partial.delivered:
                    raise interrupted(error, partial) from None
                tries += 1
                request.delay = wait_before_repeating(model, error, tries)
                partial.restart()
    except ModelCallError as error:
        model.explain(error)
        raise
    finally:
        partial.ended = True


def _deltas(model: HTTPModelWrapperBase, reply: Reply, partial: Partial) -> StreamFlow:
    """Read the open stream to its end, delivering what each piece of it completes."""
    decoder = model.decoder()
    parse_event = model.parse_event
    add = partial.add
    first = b""
    seen = ended = False
    while not ended:
        chunk: bytes = yield READ
        first = first or chunk
        failure: ModelCallError | None = None
        deltas: list[ModelResponse] = []
        try:
            events = decoder.feed(chunk) if chunk else decoder.flush()
        except ValueError:
            events, decoder.pending = decoder.pending, []
            failure = ResponseParsingError(not_json(Reply(reply.status, reply.headers, chunk)), status=reply.status)
        try:
            for event in events:
                seen = True
                delta = parse_event(event, partial)
                if delta is not None:
                    add(delta)
                    deltas.append(delta)
        except ModelCallError as error:
            failure = error
        except MISSHAPEN as error:
            failure = misshapen(error, reply)
        if deltas:
            partial.delivered = True
            yield deltas
        if failure is not None:
            raise failure
        ended = not chunk or decoder.done
    if decoder.plain is not None:
        deltas = _plain_deltas(model, Reply(reply.status, reply.headers, decoder.plain), partial)
        partial.delivered = True
        yield deltas
    elif not seen:
        text = not_json(Reply(reply.status, reply.headers, first)) if first else "the stream is empty"
        raise ResponseParsingError(text, status=reply.status)
    elif not decoder.done and partial.finish_reason is None:
        raise StreamInterruptedError("the stream ended before the answer did", status=reply.status, retryable=True)
    try:
        partial.tool_calls()
    except ValueError as error:
        raise ResponseParsingError(str(error), status=reply.status) from None


def _plain_deltas(model: HTTPModelWrapperBase, reply: Reply, partial: Partial) -> list[ModelResponse]:
    """A reply that ignored ``stream`` and answered whole (or in bare JSON lines), as deltas."""
    try:
        reply.json()
    except ValueError:
        lines = LineDecoder()
        try:
            events = lines.feed(reply.body) + lines.flush()
        except ValueError:
            raise ResponseParsingError(not_json(reply), status=reply.status) from None
        deltas = [delta for event in events if (delta := model.parse_event(event, partial)) is not None]
    else:
        deltas = [as_delta(read(model.parse_response, reply))]
    for delta in deltas:
        partial.add(delta)
    return deltas


def interrupted(error: ModelCallError, partial: Partial) -> ModelCallError:
    """The error of a stream that broke after some of it was delivered."""
    if isinstance(error, ConnectionError | TimeoutError):
        why = "stalled" if isinstance(error, TimeoutError) else "broke"
        error = StreamInterruptedError(f"the stream {why}: {error.message}", status=error.status)
    error.retryable = False
    error.partial = ModelResponse.from_partial(partial)
    return error


def as_delta(response: ModelResponse) -> ModelResponse:
    """A whole response as the one delta of a stream."""
    if response.tool_calls:
        response.tool_calls = [
            ToolCallDelta(n, call.id, call.name, json.dumps(call.arguments, ensure_ascii=False))
            for n, call in enumerate(response.tool_calls)
        ]
    return response
