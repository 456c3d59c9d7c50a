"""The only loop that repeats failed tries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from modelhub import events
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow, Sleep
from modelhub.errors import ConnectionError, ModelCallError, StreamInterruptedError, TimeoutError
from modelhub.response.accumulator import Accumulator
from modelhub.response.streamed import build_response

T = TypeVar("T")


def attempts(call: Call, attempt: Callable[[], Flow[T]]) -> Flow[T]:
    """Repeat ``attempt`` until it succeeds or the model's policy gives up, with a pause before each repeat.

    If the caller has already received a part of an answer, the call is not repeated: the part would come twice.
    """
    tell = call.tell
    tries = 0
    try:
        while True:
            tries += 1
            call.attempts += 1
            started = 0.0
            if tell is not None:
                started = call.clock()
                tell(events.AttemptStarted(call.model.config_name, call.id, started, tries))
            try:
                return (yield from attempt())
            except ModelCallError as error:
                so_far = call.so_far
                delivered = so_far is not None and so_far.delivered
                final = delivered or _was_retried(call, error)
                wait = None if final else call.model.retry_policy.wait_before(tries + 1, error)
                if tell is not None:
                    _tell_failure(call, tell, tries, started, error, wait)
                if delivered and so_far is not None:
                    raise interrupted(error, so_far) from None
                if wait is None:
                    raise
            if so_far is not None:
                so_far.restart()
            yield Sleep(wait)
    finally:
        if call.so_far is not None:
            call.so_far.ended = True


def _was_retried(call: Call, error: ModelCallError) -> bool:
    """Whether ``error`` comes from another model that this model has called, and was retried there."""
    model = call.model
    return error.config_name is not None and (error.config_name == model.config_name or not model.retry_policy.explicit)


def interrupted(error: ModelCallError, so_far: Accumulator) -> ModelCallError:
    """The error for a stream that broke after a part of it was delivered."""
    if isinstance(error, ConnectionError | TimeoutError):
        why = "stalled" if isinstance(error, TimeoutError) else "broke"
        error = StreamInterruptedError(f"the stream {why}: {error.message}", status=error.status)
    error.retryable = False
    error.partial = build_response(so_far)
    return error


def _tell_failure(
    call: Call,
    tell: Callable[[events.Event], None],
    tries: int,
    started: float,
    error: ModelCallError,
    wait: float | None,
) -> None:
    now, name = call.clock(), call.model.config_name
    kind = type(error).__name__
    tell(events.AttemptFailed(name, call.id, now, tries, now - started, kind, error.status, error.request_id))
    if wait is not None:
        tell(events.RetryScheduled(name, call.id, now, tries + 1, wait, kind))
