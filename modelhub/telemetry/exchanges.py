"""Gathers what a call sends and what comes back, for observers that want it; other calls never come here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple, TypeVar

from modelhub.engine.call import Call
from modelhub.engine.effects import Flow, Read, Together
from modelhub.events import Exchanged
from modelhub.wire import Reply, Request

T = TypeVar("T")
Tell = Callable[[Exchanged], object]


class Asked(NamedTuple):
    """What a model was asked, before anything is taken out of the options."""

    input: Any
    options: Mapping[str, Any]


def find_asked(call: Call) -> Asked:
    """What is asked by ``call``; of a ``__call__`` in Python the first argument is the input."""
    if type(call.keywords) is dict:
        return Asked(call.input[0] if call.input else None, call.keywords)
    return Asked(call.input, dict(call.options))


def exchanged(call: Call, asked: Asked, start: Callable[[Call], Flow[T]], tell: Tell) -> Flow[T]:
    """The flow that ``start`` makes, each exchange of which is told when it has ended.

    Those of parts are told in the order of the parts. A request that is sent aside is none: it asks for a token, or
    ends a job.
    """
    return (yield from _followed(call, asked, start(call), tell))


def _followed(call: Call, asked: Asked, flow: Generator[Any, Any, T], tell: Tell) -> Flow[T]:
    exchange: _Exchange | None = None
    parts: list[list[Exchanged]] = []
    try:
        effect: Any = next(flow)
        while True:
            if type(effect) is Request and not getattr(effect, "aside", False):
                if exchange is not None:
                    exchange.tell(tell)
                exchange = _Exchange(call, asked, effect)
            elif type(effect) is Together:
                effect, parts = _gather_parts(call, asked, effect)
            try:
                outcome = yield effect
            except GeneratorExit:
                raise
            except BaseException as error:
                if exchange is not None and type(effect) in (Request, Read):
                    exchange.error = type(error).__name__
                    exchange.tell(tell)
                    exchange = None
                parts = _tell_all(parts, tell)
                effect = flow.throw(error)
            else:
                if exchange is not None and exchange.is_whole(effect, outcome):
                    exchange.tell(tell)
                    exchange = None
                parts = _tell_all(parts, tell)
                effect = flow.send(outcome)
    except StopIteration as done:
        result: T = done.value
        return result
    except GeneratorExit:
        if exchange is not None:
            exchange.error = GeneratorExit.__name__
        raise
    finally:
        if exchange is not None:
            exchange.tell(tell)
        flow.close()


def _gather_parts(call: Call, asked: Asked, effect: Together) -> tuple[Together, list[list[Exchanged]]]:
    """The same effect, the exchanges of whose flows are put into lists."""
    parts: list[list[Exchanged]] = [[] for _ in effect.flows]
    flows: list[Generator[Any, Any, Any]] = [
        _followed(call, asked, flow, part.append) for flow, part in zip(effect.flows, parts, strict=True)
    ]
    return Together(flows), parts


def _tell_all(parts: list[list[Exchanged]], tell: Tell) -> list[list[Exchanged]]:
    for part in parts:
        for each in part:
            tell(each)
    return []


class _Exchange:
    """One request, and what has come back so far."""

    __slots__ = ("_asked", "_attempt", "_call", "_chunks", "_reply", "_request", "error")

    def __init__(self, call: Call, asked: Asked, request: Request) -> None:
        self._call = call
        self._asked = asked
        self._attempt = max(call.attempts, 1)
        self._request = request
        self._reply: Reply | None = None
        self._chunks: list[bytes] | None = None
        self.error: str | None = None

    def is_whole(self, effect: Any, outcome: Any) -> bool:
        """Note the ``outcome`` of an effect; whether nothing more can come."""
        if effect is self._request:
            self._reply = outcome
            if effect.stream and not outcome.body and 200 <= outcome.status < 300:
                self._chunks = []
            return self._chunks is None
        if type(effect) is Read and self._chunks is not None:
            self._chunks.append(outcome)
            return not outcome
        return False

    def tell(self, tell: Tell) -> None:
        """Hand over a record of it."""
        call, request, reply = self._call, self._request, self._reply
        model = call.model
        tell(
            Exchanged(
                model.config_name,
                call.id,
                (call.clock or model.clock)(),
                attempt=self._attempt,
                input=self._asked.input,
                options=self._asked.options,
                method=request.method,
                url=request.url,
                request_headers=request.headers,
                request_body=request.body,
                status=reply.status if reply is not None else None,
                headers=reply.headers if reply is not None else {},
                body=reply.body if reply is not None else b"",
                chunks=tuple(self._chunks) if self._chunks is not None else None,
                error=self.error,
                secrets=(*model.find_secrets(), *call.secrets),
            )
        )
