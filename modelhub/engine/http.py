"""Models over HTTP: sends requests until they succeed, and reads whole replies."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, TypeVar

from modelhub.engine.attempts import attempts, leave_trail
from modelhub.engine.authorizing import conceal, sent
from modelhub.engine.building import FAILURES, locate
from modelhub.engine.call import Call
from modelhub.engine.completing import complete
from modelhub.engine.effects import Flow, Sleep
from modelhub.engine.interface import HTTPModel
from modelhub.engine.job import Job
from modelhub.engine.parsing import read, settle_calls
from modelhub.engine.refusals import accepted
from modelhub.engine.structured import parse_structured
from modelhub.errors import BadRequestError, ModelCallError
from modelhub.response import ModelResponse
from modelhub.wire import Reply, Request

T = TypeVar("T")


def converse(call: Call) -> Flow[ModelResponse]:
    """A whole answer, from one request, from the requests of a model's ``exchange``, or from a job."""
    model: HTTPModel = call.model
    exchange = model.exchange(call.input, dict(call.options))
    if exchange is not None and not isinstance(exchange, Job):
        return _structured(call, _exchange(call, exchange))
    request, call.prepared = call.prepared, None
    if exchange is not None:
        flow = _done(call, exchange, request)
    elif request is not None:
        flow = attempts(call, _fetch, request, model.parse_response)
    else:
        flow = fetch(call, build_request(call, False), model.parse_response)
    return flow if call.response_format is None else _structured(call, flow)


def build_request(call: Call, stream: bool) -> Request:
    """The request of a call; raises BadRequestError for whatever cannot be built."""
    model: HTTPModel = call.model
    try:
        return model.build_request(call.input, dict(call.options), stream)
    except FAILURES as error:
        raise locate(error, lambda input, options: model.build_request(input, options, stream), call) from _find_cause(
            error
        )


def _find_cause(error: Exception) -> Exception | None:
    """The cause to tell of a BadRequestError in the place of ``error``: code that failed, but not a refusal of ours."""
    return None if isinstance(error, BadRequestError) else error


def _structured(call: Call, flow: Flow[ModelResponse]) -> Flow[ModelResponse]:
    """The answer of ``flow``, with the value that a ``response_format`` asked for."""
    response = yield from flow
    if call.response_format is not None:
        response.parsed = parse_structured(response, call.response_format)
    return response


def fetch(call: Call, request: Request, parse: Callable[[Reply], T]) -> Flow[T]:
    """Send ``request`` until it succeeds or must not be repeated; the result is what ``parse`` makes of the reply."""
    complete(request, call)
    flow = attempts(call, _fetch, request, parse)
    return _after(request.delay, flow) if request.delay else flow


def _fetch(call: Call, request: Request, parse: Callable[[Reply], T]) -> Flow[T]:
    reply = yield from sent(call, request)
    if not 200 <= reply.status < 300:
        reply = yield from accepted(call, request, reply)
    call.status = reply.status
    result = read(parse, reply)
    if isinstance(result, ModelResponse) and result.tool_calls:
        settle_calls(call, result, reply.status)
    return result


def _done(call: Call, job: Job, request: Request | None) -> Flow[ModelResponse]:
    from modelhub.engine.jobs import done  # few models work for so long

    if request is None:
        request = build_request(call, False)
        complete(request, call)
    return done(call, job, request)


def _after(delay: float, flow: Flow[T]) -> Flow[T]:
    yield Sleep(delay)
    return (yield from flow)


def _exchange(call: Call, exchange: Generator[Request, Reply, T]) -> Flow[T]:
    """Serve a conversation of several requests; each request is retried by itself, and told of if it fails."""
    try:
        request = next(exchange)
    except FAILURES as error:
        raise locate(error, partial(_begin, call.model), call) from _find_cause(error)
    while True:
        try:
            try:
                reply = yield from fetch(call, request, _same)
            except ModelCallError as error:
                request = exchange.throw(error)
            else:
                request = read(exchange.send, reply)
        except ModelCallError as error:
            conceal(call, error)
            raise
        except StopIteration as done:
            result: T = done.value
            if isinstance(result, ModelResponse) and result.tool_calls:
                settle_calls(call, result)
            leave_trail(call, result)
            return result


def _begin(model: HTTPModel, input: Any, options: dict[str, Any]) -> Request | None:
    exchange = model.exchange(input, options)
    return next(exchange, None) if exchange is not None and not isinstance(exchange, Job) else None


def _same(reply: Reply) -> Reply:
    return reply
