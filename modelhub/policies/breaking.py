"""Keeps attempts from a model that has failed too often."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from modelhub.engine.effects import Flow
from modelhub.errors import ModelCallError, StreamInterruptedError, TimeoutError
from modelhub.policies.breaker import Breaker, Change, Outcome, judge_attempt

if TYPE_CHECKING:
    from modelhub.engine.call import Call

T = TypeVar("T")


def broken_off(call: Call, breaker: Breaker, flow: Flow[T]) -> Flow[T]:
    """``flow``, if ``breaker`` lets it through, which is told how it ends; raises CircuitOpenError if it does not."""
    clock = call.clock or call.model.clock
    passage = breaker.admit(clock())
    if passage.change is not None:
        _tell(call, passage.change)
    outcome: Outcome = "dropped"
    try:
        result = yield from flow
        outcome = "answered"
        return result
    except ModelCallError as error:
        if error.sent and not (call.is_short and _is_late(error)):  # the model may be as quick as it ever was
            outcome = judge_attempt(error)
        raise
    finally:
        change = breaker.settle(passage, clock(), outcome)
        if change is not None:
            _tell(call, change)


def _tell(call: Call, change: Change) -> None:
    if call.listener is not None:
        call.listener.breaker_changed(call, *change)


def _is_late(error: ModelCallError) -> bool:
    return isinstance(error, TimeoutError) or (
        isinstance(error, StreamInterruptedError) and isinstance(error.__cause__, TimeoutError)
    )
