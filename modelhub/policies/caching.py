"""Answers a call with what was answered before, and lets equal calls that are under way ask once."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

from modelhub.engine.attempts import note_shared
from modelhub.engine.effects import Flow, Invoke, Wait
from modelhub.engine.patience import find_patience
from modelhub.engine.single_flight import Flights
from modelhub.engine.stream import conclude, deliver
from modelhub.engine.structured import parse_structured
from modelhub.errors import ModelCallError, TimeoutError
from modelhub.policies.kept import build_deltas, build_kept, parse_kept
from modelhub.policies.storing import Store
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.response.origin import Origin

if TYPE_CHECKING:
    from modelhub.engine.call import Call

Landed = bytes | ModelCallError


class Cache:
    """The answers of one config: where they are kept, for how many seconds, and the calls that are asking just now.

    ``open`` opens the store when it is first asked; ``flights`` are shared by all who share the store.
    """

    __slots__ = ("_open", "_store", "flights", "ttl")

    def __init__(self, open: Callable[[], Store], ttl: float, flights: Flights[Landed]) -> None:
        self._open = open
        self._store: Store | None = None
        self.ttl = ttl
        self.flights = flights

    @property
    def store(self) -> Store:
        """Where the answers are kept."""
        if self._store is None:
            self._store = self._open()
        return self._store

    def look_up(self, call: Call, key: str) -> Flow[bytes | None]:
        """What is kept under ``key``; None if there is nothing."""
        store, now = self.store, call.model.home.drivers.wall()
        if store.blocking:
            found: bytes | None = yield Invoke(lambda: store.get(key, now))
            return found
        return store.get(key, now)

    def keep(self, call: Call, key: str, data: bytes | None) -> Flow[None]:
        """Keep an answer under ``key``; None is one that cannot be kept."""
        if data is None:
            return
        store, now = self.store, call.model.home.drivers.wall()
        if store.blocking:
            yield Invoke(lambda: store.put(key, data, now, now + self.ttl))
        else:
            store.put(key, data, now, now + self.ttl)


def cached(call: Call, cache: Cache, key: str, start: Callable[[], Flow[Any]], stream: bool) -> Flow[Any]:
    """The answer that is kept under ``key``; if there is none, that of the flow that ``start`` makes, which is kept.

    Whole answers are asked for once by all who ask at the same time; a stream is each caller's own.
    """
    if call.cache != "refresh":
        data = yield from cache.look_up(call, key)
        response = None if data is None else parse_kept(data, _find_origins(call))
        if response is not None:
            return (yield from _hand_over(call, response, stream, "cached"))
    if stream:
        answer = yield from start()
        yield from cache.keep(call, key, _build(call, answer))
        return answer
    return (yield from _joined(call, cache, key, start))


def _joined(call: Call, cache: Cache, key: str, start: Callable[[], Flow[Any]]) -> Flow[Any]:
    """The answer of the flow that ``start`` makes, or of an equal call that is under way.

    What the one that asks fails with, all do; but not with what is only its own: that it was cancelled, or that its
    time is over. Another one goes on then.
    """
    flights = cache.flights
    seat = flights.board(key)
    try:
        while not seat.leads:
            yield Wait(seat, find_patience(call))
            if seat.has_landed:
                landed = seat.outcome
                if isinstance(landed, ModelCallError):
                    raise note_shared(call, copy(landed))
                response = parse_kept(landed, _find_origins(call)) if landed else None
                if response is not None:
                    return (yield from _hand_over(call, response, False, "coalesced"))
                return (yield from start())  # an answer that has no copy
        try:
            answer = yield from start()
        except ModelCallError as error:
            if not (isinstance(error, TimeoutError) and error.bound == "total"):
                flights.land(key, seat, _copy_error(error))
            raise
        data = _build(call, answer)
        flights.land(key, seat, data or b"")
        yield from cache.keep(call, key, data)
        return answer
    finally:
        flights.leave(key, seat)


def _build(call: Call, answer: Any) -> bytes | None:
    """An answer as it is kept; what it was parsed to is each caller's own."""
    if not isinstance(answer, ModelResponse):
        return None
    if answer.parsed is not None and call.response_format is not None:
        answer = copy(answer)
        answer.parsed = None
    return build_kept(answer)


def _hand_over(call: Call, response: ModelResponse, stream: bool, outcome: Any) -> Flow[Any]:
    note_shared(call, response, outcome)
    if call.listener is not None:
        call.listener.cache_hit(call, outcome == "coalesced")
    if not stream:
        if call.response_format is not None:
            response.parsed = parse_structured(response, call.response_format)
        return response
    so_far = call.so_far = Accumulator()
    deltas = build_deltas(response, so_far)
    so_far.trail = call.trail
    yield deliver(call, so_far)
    yield deltas
    whole = conclude(call, so_far)
    whole._trail = call.trail
    return whole


def _copy_error(error: ModelCallError) -> ModelCallError:
    copied = copy(error)
    copied._trail = ()
    return copied


def _find_origins(call: Call) -> list[Origin]:
    origin = call.model.find_origin()
    return [] if origin is None else [origin]
