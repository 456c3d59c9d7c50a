"""Streamed answers over HTTP: the open stream is read event by event, and each delta is handed over as it arrives."""

from __future__ import annotations

from modelhub.engine.attempts import attempts
from modelhub.engine.authorizing import sent
from modelhub.engine.call import Call
from modelhub.engine.classify import find_request_id
from modelhub.engine.completing import complete
from modelhub.engine.effects import READ, Flow
from modelhub.engine.http import build_request
from modelhub.engine.interface import HTTPModel
from modelhub.engine.parsing import (
    MISSHAPEN,
    SHOWN,
    event_not_json,
    misshapen,
    not_json,
    read,
    told_nothing,
    too_large,
)
from modelhub.engine.refusals import accepted
from modelhub.engine.stream import as_delta, conclude, deliver, tells
from modelhub.errors import ModelCallError, ResponseParsingError, StreamInterruptedError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.wire import Event, EventDecoder, LineDecoder, Reply, Request, TooLarge


def stream(call: Call) -> Flow[ModelResponse]:
    """A streamed answer: each delta is delivered when it arrives, and the whole answer is returned at the end."""
    model: HTTPModel = call.model
    so_far = call.so_far = Accumulator(model.find_origin(), call.sent)
    request = build_request(call, True)
    complete(request, call)
    return attempts(call, _stream, request, so_far)


def _stream(call: Call, request: Request, so_far: Accumulator) -> Flow[ModelResponse]:
    reply = yield from sent(call, request)
    if not 200 <= reply.status < 300:
        reply = yield from accepted(call, request, reply)
    call.status = reply.status
    so_far.reply = reply
    so_far.request_id = find_request_id(reply.headers)
    yield from _read_events(call, reply, so_far)
    return conclude(call, so_far, reply.status)


def _read_events(call: Call, reply: Reply, so_far: Accumulator) -> Flow[None]:
    """Read the open stream to its end, and deliver each delta when its event is complete."""
    model: HTTPModel = call.model
    decoder = model.build_decoder()
    decoder.max_event, decoder.max_body = model.bound.limits
    decoder.headers = reply.headers
    feed, parse_event, add = decoder.feed, model.parse_event, so_far.add
    first = b""
    event: Event | None = None
    deltas: list[ModelResponse] = []
    ended = False
    while not ended:
        failure: ModelCallError | None
        try:
            chunk: bytes = yield READ
        except ModelCallError as error:  # of the connection
            chunk, events, failure = b"", decoder.give_up(), error
        else:
            if event is None and len(first) < SHOWN:
                first += chunk
            try:
                events, failure = feed(chunk) if chunk else decoder.flush(), None
            except ValueError as error:
                events, failure = _explain(decoder, error, reply, b"" if event is not None else first)
        try:
            for event in events:
                delta = parse_event(event, so_far)
                if delta is not None:
                    add(delta)
                    deltas.append(delta)
        except ModelCallError as error:
            failure = error
        except MISSHAPEN as error:
            failure = misshapen(error, reply)
        if deltas and (so_far.delivered or any(map(tells, deltas))):
            if not so_far.delivered:
                yield deliver(call, so_far)
            yield deltas
            deltas = []
        if failure is not None:
            raise failure
        ended = not chunk or decoder.done
    if decoder.plain is not None:
        deltas = _plain_deltas(model, Reply(reply.status, decoder.headers, decoder.plain), so_far)
    elif event is None:
        text = not_json(Reply(reply.status, reply.headers, first)) if first else "the stream is empty"
        raise ResponseParsingError(text, status=reply.status)
    elif so_far.finish_reason is None:
        if not decoder.done:
            raise StreamInterruptedError("the stream ended before the answer did", status=reply.status, retryable=True)
        if not so_far.has_told():
            raise told_nothing(event.data, reply.status)
    if not so_far.delivered:
        yield deliver(call, so_far)
    if deltas:
        yield deltas


def _explain(
    decoder: EventDecoder, error: ValueError, reply: Reply, first: bytes
) -> tuple[list[Event], ModelCallError]:
    """The events that came before ``error``, and why there are no more; ``first`` is what came before any of them."""
    events, decoder.pending = decoder.pending, []
    if isinstance(error, TooLarge):
        return events, too_large(error.key, error.limit, reply)
    begun = events or not first
    text = event_not_json(error) if begun else not_json(Reply(reply.status, reply.headers, first))
    return events, ResponseParsingError(text, status=reply.status)


def _plain_deltas(model: HTTPModel, reply: Reply, so_far: Accumulator) -> list[ModelResponse]:
    """The deltas of a reply that ignored ``stream``: it is one whole answer, or plain lines of JSON."""
    try:
        reply.json()
    except ValueError:
        lines = LineDecoder()
        try:
            events = lines.feed(reply.body) + lines.flush()
        except ValueError:
            raise ResponseParsingError(not_json(reply), status=reply.status) from None
        deltas = [delta for event in events if (delta := model.parse_event(event, so_far)) is not None]
    else:
        deltas = [as_delta(read(model.parse_response, reply))]
    for delta in deltas:
        so_far.add(delta)
    return deltas
