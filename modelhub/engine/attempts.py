"""The only loop that repeats failed tries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from modelhub.engine.authorizing import conceal
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow, Sleep
from modelhub.errors import ConnectionError, ModelCallError, RateLimitError, StreamInterruptedError, TimeoutError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.response.streamed import build_response

if TYPE_CHECKING:
    from modelhub.trail import Facts, Outcome

T = TypeVar("T")


def attempts(call: Call, attempt: Callable[..., Flow[T]], *given: Any) -> Flow[T]:
    """``attempt(call, *given)`` until it succeeds or the model's policy gives up, with a pause before each repeat.

    An answer of which the caller has been given a part is never asked for again: that would give the part twice. A
    repeat that cannot begin in the time of the call, or is not let through, ends the call with the error before it.
    """
    listener, guards = call.listener, call.guards
    clock = call.clock or call.model.clock
    tries, waited = 0, 0.0
    try:
        while True:
            tries += 1
            call.attempts += 1
            if listener is not None:
                listener.attempt_started(call, tries + call.repeats)
            began = clock()
            try:
                flow = attempt(call, *given)
                result = yield from flow if guards is None else guards.attempted(call, flow)
                note_answer(call, result, tries, waited, clock() - began)
                return result
            except ModelCallError as error:
                if call.authorization is not None:
                    conceal(call, error)
                note_failure(call, error, tries, waited, clock() - began)
                so_far = call.so_far
                delivered = so_far is not None and so_far.delivered
                final = delivered or call.handed_in or _was_retried(call, error)
                wait = None if final else (call.retry_policy or call.model.retry_policy).wait_before(tries + 1, error)
                if wait is not None and call.deadline is not None and clock() + wait >= call.deadline.at:
                    wait = None
                if listener is not None:
                    listener.attempt_failed(call, tries + call.repeats, error, wait)
                if delivered and so_far is not None:
                    raise interrupted(error, so_far) from _tell_cause(error)
                if tries > 1 and not error.sent and not isinstance(error, RateLimitError):
                    raise _last_failure(call, error) from None
                if wait is None:
                    raise
                call.remember(error)
            if so_far is not None:
                so_far.restart()
            if call.tally is not None:
                call.tally.retried()
            yield Sleep(wait)
            waited = wait
    finally:
        if call.so_far is not None:
            call.so_far.ended = True


def _tell_cause(error: ModelCallError) -> ModelCallError | None:
    """What is to be told of why a stream has broken, beside the error itself: which bound was exceeded."""
    return error.with_traceback(None) if isinstance(error, TimeoutError) else None


def _last_failure(call: Call, refusal: ModelCallError) -> BaseException:
    """What ended the last try that was sent, with a trail that tells of the ``refusal`` after it."""
    _, failure = call.trail[-1]
    assert isinstance(failure, ModelCallError)
    call.trail = ()  # who raises it must not hold it
    *before, (last, _) = ((facts, None if error is failure else error) for facts, error in refusal._trail)
    failure._trail = (*before, (last, refusal.with_traceback(None)))
    refusal._trail = ()  # each would hold the other
    return failure


def _was_retried(call: Call, error: ModelCallError) -> bool:
    """Whether ``error`` comes from a nested call, which has retried it already."""
    model = call.model
    return error.config_name is not None and (error.config_name == model.config_name or not model.retry_policy.explicit)


def interrupted(error: ModelCallError, so_far: Accumulator) -> ModelCallError:
    """The error for a stream that broke after a part of it was delivered."""
    if isinstance(error, ConnectionError | TimeoutError):
        why = "stalled" if isinstance(error, TimeoutError) else "broke"
        told = error._trail
        error = StreamInterruptedError(f"the stream {why}: {error.message}", status=error.status)
        error._trail = told
    error.retryable = False
    error.delivered = True
    error.partial = build_response(so_far)
    return error


def note_answer(call: Call, result: object, tries: int, waited: float, seconds: float) -> None:
    """Give ``result`` the trail of its call: what the code of a model has asked others for stands for the code."""
    if call.lined:
        waited, seconds, call.lined = waited + call.lined, seconds - call.lined, 0.0
    own = call.parts or ((describe(call, tries, call.status, waited, seconds, "answered"), None),)
    call.trail = (*call.trail, *own)
    if call.outer is not None:
        call.tell_outer(own)
    leave_trail(call, result)


def note_shared(call: Call, result: T, outcome: Outcome = "coalesced") -> T:
    """Give ``result``, an answer or an error of another call, the trail of this one, which has tried nothing itself."""
    name = None
    call.cached = True
    if isinstance(result, ModelResponse) and call.model.is_composite:
        name = result.config_name  # which has answered it
    _, kind, *rest = describe(call, 1, None, 0.0, 0.0, outcome)
    facts: Any = (name or _name(call.model), kind, *rest)
    call.trail = (*call.trail, (facts, None))
    if call.outer is not None:
        call.tell_outer(((facts, None),))
    if isinstance(result, ModelCallError):
        result._trail = call.trail
    else:
        leave_trail(call, result)
    return result


def leave_trail(call: Call, result: object) -> None:
    """Let the answer of ``call`` tell what was tried."""
    if isinstance(result, ModelResponse):
        result._trail = call.trail
    if call.so_far is not None:
        call.so_far.trail = call.trail


def note_failure(call: Call, error: ModelCallError, tries: int, waited: float, seconds: float) -> None:
    """Let ``error`` tell what was tried up to it: the try that failed, or all that a call within it has tried."""
    status = error.status or call.status
    if call.lined:
        waited, seconds, call.lined = waited + call.lined, seconds - call.lined, 0.0
    outcome: Outcome = "failed" if error.sent else "rejected"
    own = call.parts or ((describe(call, tries, status, waited, seconds, outcome), None),)
    *before, (last, _) = own
    call.status, call.parts = None, ()
    error._trail = (*call.trail, *before, (last, None))  # an error that is raised again tells of the last time
    if call.outer is not None:
        call.tell_outer((*before, (last, error)))


def describe(call: Call, tries: int, status: int | None, waited: float, seconds: float, outcome: Outcome) -> Facts:
    """The facts of one try of ``call``."""
    model = call.model
    return _name(model), model.model_type or type(model).__name__, tries, status, waited, seconds, outcome


def _name(model: Any) -> str:
    return getattr(model, "config_name", None) or type(model).__name__  # a subclass need not call our __init__
