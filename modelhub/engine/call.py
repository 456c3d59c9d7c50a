"""What to send next, when to try again, and when to give up: decided here once, with no I/O at all.

A call is a generator. It yields what it needs done and is sent the outcome; a driver (``sync``, ``aio``, or the
replay of ``modelhub.testing``) does it. What wraps a call is a generator that wraps a generator, so every policy
exists once and serves all drivers alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from modelhub.engine.effects import Flow, Invoke
from modelhub.engine.parsing import read
from modelhub.engine.structured import parse_structured
from modelhub.errors import ModelCallError, ResponseParsingError
from modelhub.response import ModelResponse
from modelhub.wire import Reply, Request

if TYPE_CHECKING:
    from modelhub.base import HTTPModelWrapperBase

T = TypeVar("T")

_MAX_REDIRECTS = 3
PARSE_WAIT = 1.0  # seconds, times the number of the try: AgentScope's pace


def wait_before_repeating(model: HTTPModelWrapperBase, error: ModelCallError, tries: int) -> float:
    """Seconds to wait before trying again after ``tries`` failures, the last with ``error``; raises it to give up."""
    wait = model.retry_policy.wait_before(tries + 1, error)
    if wait is None:
        raise error
    return wait


def fetch(model: HTTPModelWrapperBase, request: Request, parse: Callable[[Reply], T]) -> Flow[T]:
    """Send ``request`` until it succeeds or may not be repeated; the result is what ``parse`` makes of the reply."""
    tries = 0
    while True:
        try:
            reply: Reply = yield request
            if not 200 <= reply.status < 300:
                reply = yield from redirected(model, request, reply)
            return read(parse, reply)
        except ModelCallError as error:
            tries += 1
            request.delay = wait_before_repeating(model, error, tries)


def converse(model: HTTPModelWrapperBase, input: Any, options: dict[str, Any]) -> Flow[ModelResponse]:
    """A whole answer, from one request or from the several of a model's ``exchange``."""
    response_format = options.get("response_format")
    try:
        exchange = model.exchange(input, options)
        if exchange is None:
            request = model.build_request(input, options, False)
            response = yield from fetch(model, request, model.parse_response)
        else:
            response = yield from _exchange(model, exchange)
        if response_format is not None:
            response.parsed = parse_structured(response, response_format)
        return response
    except ModelCallError as error:
        model.explain(error)
        raise


def _exchange(model: HTTPModelWrapperBase, exchange: Generator[Request, Reply, T]) -> Flow[T]:
    """Serve a conversation of several requests, each repeated on its own."""
    request = next(exchange)
    while True:
        reply = yield from fetch(model, request, _same)
        try:
            request = read(exchange.send, reply)
        except StopIteration as done:
            result: T = done.value
            return result


def count(model: HTTPModelWrapperBase, request: Request, parse: Callable[[Reply], int]) -> Flow[int]:
    """A count of tokens that the vendor makes."""
    try:
        return (yield from fetch(model, request, parse))
    except ModelCallError as error:
        model.explain(error)
        raise


def parsed(
    call: Callable[[], Flow[Any]],
    parse_func: Callable[[Any], Any] | None,
    fault_handler: Callable[[Any], Any] | None,
    max_retries: int | None,
) -> Flow[Any]:
    """AgentScope's contract: ask again while ``parse_func`` raises ResponseParsingError, then ``fault_handler``.

    The result is what ``parse_func`` or ``fault_handler`` returns. Between tries it waits 1, 2, 3... seconds.
    """
    if parse_func is None:
        return (yield from call())
    tries = max_retries or 3
    for attempt in range(1, tries + 1):
        response = yield from call()
        try:
            return parse_func(response)
        except ResponseParsingError:
            if attempt == tries:
                if fault_handler is not None:
                    return fault_handler(response)
                raise
        yield Invoke(delay=attempt * PARSE_WAIT)
    raise AssertionError("unreachable")


def invoke(effect: Invoke) -> Flow[Any]:
    """The flow of a wrapper that is plain Python: one call."""
    return (yield effect)


def redirected(model: HTTPModelWrapperBase, request: Request, reply: Reply) -> Flow[Reply]:
    """The success that a 307 or 308 leads to, on the same host only: the key must not travel. Else the error."""
    url = request.url
    for _ in range(_MAX_REDIRECTS):
        target = urljoin(url, reply.headers.get("location") or "")
        if reply.status not in (307, 308) or target == url or urlsplit(target)[:2] != urlsplit(url)[:2]:
            break
        url = target
        reply = yield Request(
            url,
            request.headers,
            request.body,
            method=request.method,
            stream=request.stream,
            timeout=request.timeout,
            connect_timeout=request.connect_timeout,
        )
    if not 200 <= reply.status < 300:
        raise model.parse_error(reply)
    return reply


def _same(reply: Reply) -> Reply:
    return reply
