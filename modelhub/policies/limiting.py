"""Keeps the attempts of a model within its limits: each waits in line until it may be sent."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, TypeVar

from modelhub.engine.effects import Flow, Invoke, Wait
from modelhub.engine.patience import find_patience
from modelhub.errors import ModelCallError, RateLimitError
from modelhub.policies.acquiring import SharedPlaces, acquired
from modelhub.policies.estimates import estimate_call, estimate_used
from modelhub.policies.limiter import Limiter
from modelhub.policies.limits import build_refusal
from modelhub.policies.tickets import Ticket

if TYPE_CHECKING:
    from modelhub.engine.call import Call

T = TypeVar("T")
_AT_ONCE = 0.001  # seconds; asking takes some itself


def limited(call: Call, limiter: Limiter, flow: Flow[T]) -> Flow[T]:
    """``flow``, once ``limiter`` lets it in; its place is free again when it has ended, however it ends.

    Raises RateLimitError if it may not wait any longer, TimeoutError if the time of the call is over before.
    """
    clock, counts = call.clock or call.model.clock, limiter.limits.tpm is not None
    ticket = Ticket(estimate_call(call) if counts else 0)
    place = _Place(counts)
    try:
        return (yield from place.hold(call, flow, _wait_in_line(call, limiter, ticket)))
    except ModelCallError as error:
        if asked := _find_hold(error):
            limiter.hold(clock() + asked)
        raise
    finally:
        limiter.release(ticket, clock(), place.used, place.sent)


def limited_together(call: Call, shared: SharedPlaces, flow: Flow[T]) -> Flow[T]:
    """``flow``, once the limiter that this process shares with others lets it in, too; see ``limited``."""
    counts = shared.limits.tpm is not None
    holder, tokens = object(), estimate_call(call) if counts else 0.0
    place = _Place(counts)
    try:
        return (yield from place.hold(call, flow, _wait_for_others(call, shared, holder, tokens)))
    except ModelCallError as error:
        if asked := _find_hold(error):
            yield Invoke(lambda: shared.hold(asked))
        raise
    finally:
        shared.release_soon(holder, place.used, place.sent)


class _Place:
    """What became of one attempt: whether it was ``sent``, and how many tokens it has ``used``, if these count."""

    __slots__ = ("counts", "sent", "used")

    def __init__(self, counts: bool) -> None:
        self.counts = counts
        self.used = 0.0
        self.sent = False

    def hold(self, call: Call, flow: Flow[T], entry: Flow[None]) -> Flow[T]:
        """``flow``, after ``entry``, which waits until it may begin."""
        yield from entry
        self.sent = True
        try:
            result = yield from flow
        except ModelCallError as error:
            self.sent = error.sent
            raise
        if self.counts:
            self.used = estimate_used(call, result)
        return result


def _wait_in_line(call: Call, limiter: Limiter, ticket: Ticket) -> Flow[None]:
    clock = call.clock or call.model.clock
    since = clock()
    wait = limiter.admit(ticket, since)
    if wait <= 0:
        return
    line = _Line(call)
    line.join()
    try:
        while wait > 0:
            yield Wait(ticket, min(wait, find_patience(call)))
            find_patience(call)
            wait = limiter.admit(ticket, clock())
        line.pass_by(clock() - since)
    finally:
        call.lined += clock() - since
        line.leave()


def _wait_for_others(call: Call, shared: SharedPlaces, holder: object, tokens: float) -> Flow[None]:
    clock, limits = call.clock or call.model.clock, shared.limits
    began = clock()
    patience = limits.max_wait - call.lined if limits.on_limit == "wait" else 0.0
    line, until = _Line(call), began + min(patience, find_patience(call))
    try:
        left = yield from acquired(shared, holder, tokens, clock, until, line.join)
        waited = clock() - began
        if waited > _AT_ONCE:
            call.lined += waited
        if left > 0:
            find_patience(call)
            raise build_refusal(limits, left)
        line.pass_by(waited)
    finally:
        line.leave()


class _Line:
    """The wait in line of one attempt, if there is one, as it is counted and told."""

    __slots__ = ("_call", "_waits")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._waits = False

    def join(self) -> None:
        """It has to wait."""
        call, self._waits = self._call, True
        if call.tally is not None:
            call.tally.line_up(1)
        if call.listener is not None:
            call.listener.queued(call)

    def pass_by(self, waited: float) -> None:
        """It may begin, after so many seconds."""
        call = self._call
        if self._waits and call.listener is not None:
            call.listener.admitted(call, waited)

    def leave(self) -> None:
        """It waits no longer, whatever became of it."""
        call = self._call
        if self._waits and call.tally is not None:
            call.tally.line_up(-1)


def _find_hold(error: ModelCallError) -> float:
    """For how many seconds the server wants to be left alone by all; 0 if it does not."""
    asked = error.retry_after
    if asked is None or error.status != 429 or not isinstance(error, RateLimitError) or not 0 < asked < inf:
        return 0.0
    return asked
