"""Models over HTTP: sends requests until they succeed, and reads replies whole or event by event."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from modelhub.engine.attempts import attempts
from modelhub.engine.call import Call
from modelhub.engine.classify import find_request_id
from modelhub.engine.effects import READ, Flow, Sleep
from modelhub.engine.interface import HTTPModel
from modelhub.engine.parsing import (
    MISSHAPEN,
    SHOWN,
    check_calls,
    event_not_json,
    misshapen,
    not_json,
    read,
    told_nothing,
    too_large,
)
from modelhub.engine.redirects import redirected
from modelhub.engine.stream import as_delta, conclude, deliver, tells
from modelhub.engine.structured import parse_structured
from modelhub.errors import ModelCallError, ResponseParsingError, StreamInterruptedError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.wire import Event, LineDecoder, Reply, Request, TooLarge

T = TypeVar("T")


def converse(call: Call) -> Flow[ModelResponse]:
    """A whole answer, from one request or from the requests of a model's ``exchange``."""
    model: HTTPModel = call.model
    exchange = model.exchange(call.input, call.options)
    if exchange is not None:
        return _structured(call, _exchange(call, exchange))
    flow = fetch(call, model.build_request(call.input, call.options, False), model.parse_response)
    return flow if call.response_format is None else _structured(call, flow)


def _structured(call: Call, flow: Flow[ModelResponse]) -> Flow[ModelResponse]:
    """The answer of ``flow``, with the value that a ``response_format`` asked for."""
    response = yield from flow
    if call.response_format is not None:
        response.parsed = parse_structured(response, call.response_format)
    return response


def fetch(call: Call, request: Request, parse: Callable[[Reply], T]) -> Flow[T]:
    """Send ``request`` until it succeeds or must not be repeated; the result is what ``parse`` makes of the reply."""
    complete(request, call.model)
    flow = attempts(call, _fetch, request, parse)
    return _after(request.delay, flow) if request.delay else flow


def _fetch(call: Call, request: Request, parse: Callable[[Reply], T]) -> Flow[T]:
    reply: Reply = yield request
    if not 200 <= reply.status < 300:
        reply = yield from redirected(call.model, request, reply)
    result = read(parse, reply)
    if isinstance(result, ModelResponse) and result.tool_calls:
        check_calls(result, result.tool_calls, reply.status)
    return result


def complete(request: Request, model: HTTPModel) -> None:
    """Give ``request`` the limits of its model, and the timeouts, unless it has some of its own."""
    if not request.timeout:
        request.connect_timeout, request.timeout = model.timeouts
    request.max_body = model.limits[1]


def _after(delay: float, flow: Flow[T]) -> Flow[T]:
    yield Sleep(delay)
    return (yield from flow)


def _exchange(call: Call, exchange: Generator[Request, Reply, T]) -> Flow[T]:
    """Serve a conversation of several requests; each request is retried by itself, and told of if it fails."""
    request = next(exchange)
    while True:
        try:
            try:
                reply = yield from fetch(call, request, _same)
            except ModelCallError as error:
                request = exchange.throw(error)
            else:
                request = read(exchange.send, reply)
        except StopIteration as done:
            result: T = done.value
            if isinstance(result, ModelResponse) and result.tool_calls:
                check_calls(result, result.tool_calls)
            return result


def _same(reply: Reply) -> Reply:
    return reply


def stream(call: Call) -> Flow[ModelResponse]:
    """A streamed answer: each delta is delivered when it arrives, and the whole answer is returned at the end."""
    model: HTTPModel = call.model
    so_far = call.so_far = Accumulator(model.find_origin())
    request = model.build_request(call.input, call.options, True)
    complete(request, model)
    return attempts(call, _stream, request, so_far)


def _stream(call: Call, request: Request, so_far: Accumulator) -> Flow[ModelResponse]:
    reply: Reply = yield request
    if not 200 <= reply.status < 300:
        reply = yield from redirected(call.model, request, reply)
    so_far.request_id = find_request_id(reply.headers)
    yield from _read_events(call, reply, so_far)
    return conclude(call, so_far, reply.status)


def _read_events(call: Call, reply: Reply, so_far: Accumulator) -> Flow[None]:
    """Read the open stream to its end, and deliver each delta when its event is complete."""
    model: HTTPModel = call.model
    decoder = model.decoder()
    decoder.max_event, decoder.max_body = model.limits
    parse_event = model.parse_event
    add = so_far.add
    first = b""
    event: Event | None = None
    deltas: list[ModelResponse] = []
    ended = False
    while not ended:
        failure: ModelCallError | None = None
        try:
            chunk: bytes = yield READ
            if event is None and len(first) < SHOWN:
                first += chunk
            events = decoder.feed(chunk) if chunk else decoder.flush()
        except ModelCallError as error:  # of the connection
            events, failure = decoder.give_up(), error
        except TooLarge as error:
            events, decoder.pending = decoder.pending, []
            failure = too_large(error.key, error.limit, reply)
        except ValueError as error:
            events, decoder.pending = decoder.pending, []
            begun = event is not None or events
            text = event_not_json(error) if begun else not_json(Reply(reply.status, reply.headers, first))
            failure = ResponseParsingError(text, status=reply.status)
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
        deltas = _plain_deltas(model, Reply(reply.status, reply.headers, decoder.plain), so_far)
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
