"""The only loop that repeats failed tries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from modelhub.engine.call import Call
from modelhub.engine.effects import Flow, Sleep
from modelhub.errors import ConnectionError, ModelCallError, StreamInterruptedError, TimeoutError
from modelhub.response.accumulator import Accumulator
from modelhub.response.streamed import build_response

T = TypeVar("T")


def attempts(call: Call, attempt: Callable[..., Flow[T]], *given: Any) -> Flow[T]:
    """``attempt(call, *given)`` until it succeeds or the model's policy gives up, with a pause before each repeat.

    An answer of which the caller has been given a part is never asked for again: that would give the part twice.
    """
    listener = call.listener
    tries = 0
    try:
        while True:
            tries += 1
            call.attempts += 1
            if listener is not None:
                listener.attempt_started(call, tries)
            try:
                return (yield from attempt(call, *given))
            except ModelCallError as error:
                so_far = call.so_far
                delivered = so_far is not None and so_far.delivered
                final = delivered or _was_retried(call, error)
                wait = None if final else call.model.retry_policy.wait_before(tries + 1, error)
                if listener is not None:
                    listener.attempt_failed(call, tries, error, wait)
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
    """Whether ``error`` comes from a nested call, which has retried it already."""
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
