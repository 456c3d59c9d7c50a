"""What to send next, when to try again, and when to give up: decided here once, with no I/O at all.

A call is a generator. It yields what it needs done and is sent the outcome; a driver (``sync``, ``aio``, or the
replay of ``modelhub.testing``) does it. What wraps a call is a generator that wraps a generator, so every policy
exists once and serves all drivers alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

from modelhub.errors import ConnectionError, ModelCallError, ResponseParsingError, StreamInterruptedError, TimeoutError
from modelhub.partial import Partial
from modelhub.response import ModelResponse, as_delta
from modelhub.structured import parse_structured
from modelhub.taxonomy import describe_text, find_request_id
from modelhub.wire import LineDecoder, Reply, Request

if TYPE_CHECKING:
    from modelhub.base import HTTPModelWrapperBase

T = TypeVar("T")


class Read:
    """Ask for the next bytes of the open stream; ``b""`` is its end."""

    __slots__ = ()


class Invoke:
    """Ask for a Python call; where the caller must not block, ``acall`` is awaited or ``call`` is made in a thread."""

    __slots__ = ("acall", "call", "delay")

    def __init__(
        self,
        call: Callable[[], Any] | None = None,
        acall: Callable[[], Awaitable[Any]] | None = None,
        delay: float = 0.0,
    ) -> None:
        self.call = call
        self.acall = acall
        self.delay = delay

    def invoke(self) -> Any:
        """Make the call; without one, only the delay was wanted."""
        return self.call() if self.call is not None else None

    async def ainvoke(self) -> Any:
        """Make the call from an event loop."""
        from asyncio import to_thread  # imported where it is used: most programs that load configs never need it

        if self.acall is not None:
            return await self.acall()
        return await to_thread(self.call) if self.call is not None else None


READ: Final = Read()

# What a generator may yield. A stream also yields lists of deltas: they go to the caller.
Effect = Request | Read | Invoke
Flow = Generator[Effect, Any, T]
StreamFlow = Generator[Effect | list[ModelResponse], Any, None]

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
                reply = yield from _redirected(model, request, reply)
            return _read(parse, reply)
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
            request = _read(exchange.send, reply)
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
                    reply = yield from _redirected(model, request, reply)
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
            failure = ResponseParsingError(_not_json(Reply(reply.status, reply.headers, chunk)), status=reply.status)
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
            failure = _misshapen(error, reply)
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
        text = _not_json(Reply(reply.status, reply.headers, first)) if first else "the stream is empty"
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
            raise ResponseParsingError(_not_json(reply), status=reply.status) from None
        deltas = [delta for event in events if (delta := model.parse_event(event, partial)) is not None]
    else:
        deltas = [as_delta(_read(model.parse_response, reply))]
    for delta in deltas:
        partial.add(delta)
    return deltas


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


def _redirected(model: HTTPModelWrapperBase, request: Request, reply: Reply) -> Flow[Reply]:
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


# What reading a reply of an unexpected shape raises.
MISSHAPEN = (KeyError, IndexError, TypeError, AttributeError, ValueError)


def _read(parse: Callable[[Reply], T], reply: Reply) -> T:
    """``parse(reply)``, with what a reply of the wrong shape makes it raise turned into ResponseParsingError."""
    try:
        return parse(reply)
    except MISSHAPEN as error:
        failure = _misshapen(error, reply)
        if isinstance(error, ValueError) and not _is_json(reply):
            failure.message = _not_json(reply)
        raise failure from None


def _misshapen(error: Exception, reply: Reply) -> ResponseParsingError:
    """What is wrong with a reply, or with an event of its stream, that made its reader fail with ``error``."""
    what = f"there is no {error}" if isinstance(error, KeyError | IndexError) else str(error)
    return ResponseParsingError(
        f"the reply does not have the expected shape: {what}",
        status=reply.status,
        request_id=find_request_id(reply.headers),
    )


def _is_json(reply: Reply) -> bool:
    try:
        reply.json()
    except ValueError:
        return False
    return True


def _not_json(reply: Reply) -> str:
    kind = reply.headers.get("content-type") or "of no content type"
    text = describe_text(reply.body[:20000].decode("utf-8", "replace"))
    if not text:
        return "the reply is empty"
    return f"the reply is not valid JSON: {text}" if "json" in kind else f"the reply is not JSON but {kind}: {text}"


def interrupted(error: ModelCallError, partial: Partial) -> ModelCallError:
    """The error of a stream that broke after some of it was delivered."""
    if isinstance(error, ConnectionError | TimeoutError):
        why = "stalled" if isinstance(error, TimeoutError) else "broke"
        error = StreamInterruptedError(f"the stream {why}: {error.message}", status=error.status)
    error.retryable = False
    error.partial = ModelResponse.from_partial(partial)
    return error


def _same(reply: Reply) -> Reply:
    return reply
