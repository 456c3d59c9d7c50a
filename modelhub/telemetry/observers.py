"""Observers: functions that are told the events of every call of a registry."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from modelhub import events
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.telemetry.told import CallInfo

if TYPE_CHECKING:
    from modelhub.telemetry.call_hooks import CallHooks

Observer = Callable[[events.Event], Any]


def observed(
    call: Call,
    arguments: dict[str, Any],
    stream: bool,
    observers: Sequence[Observer],
    start: Callable[[Call], Flow[Any]],
    hooks: CallHooks | None = None,
) -> Flow[Any]:
    """The flow of ``call`` that ``start`` makes; who listens is told its beginning, its events, and its end."""
    call.id = call.id or os.urandom(8).hex()
    call.listener = teller = Teller(call, observers, hooks, CallInfo(call, arguments, stream) if hooks else None)
    model, clock = call.model, teller.clock
    name, kind, called, task = model.config_name, model.model_type or type(model).__name__, model.model_name, model.task
    began = clock()
    teller.tell(
        events.CallStarted(name, call.id, began, call.parent_id, time.time(), kind, called, task, stream, arguments)
    )
    answer: Any = None
    error: str | None = None
    try:
        answer = yield from start(call)
        return answer
    except GeneratorExit:  # the caller has left the stream
        raise
    except BaseException as failure:
        error = type(failure).__name__
        raise
    finally:
        now = clock()
        response = answer if isinstance(answer, ModelResponse) else None
        teller.tell(
            events.CallEnded(
                name,
                call.id,
                now,
                parent_id=call.parent_id,
                model_type=kind,
                model=called,
                task=task,
                seconds=now - began,
                first_token_seconds=teller.began_to_arrive - began if teller.began_to_arrive is not None else None,
                attempts=call.attempts,
                error=error,
                finish_reason=response.finish_reason if response is not None else None,
                usage=response.usage if response is not None else None,
                request_id=response.request_id if response is not None else None,
                stream=stream or call.so_far is not None,
                response=response,
                arguments=arguments,
            )
        )


class Teller:
    """Makes records of what happens to a call, and hands them to observers.

    What happens to a part of the call is told as happening to the call, and once. An observer that fails is logged,
    once, and never costs an answer.
    """

    __slots__ = ("_call", "_given_up", "_hooks", "_info", "_observers", "_tried_at", "began_to_arrive", "clock")

    def __init__(
        self,
        call: Call,
        observers: Sequence[Observer],
        hooks: CallHooks | None = None,
        info: CallInfo | None = None,
    ) -> None:
        self.clock: Callable[[], float] = call.model.home.drivers.clock
        self.began_to_arrive: float | None = None
        self._call = call
        self._observers = observers
        self._hooks = hooks
        self._info = info
        self._tried_at = 0.0
        self._given_up = False  # by a part, which has told so

    def attempt_started(self, call: Call, attempt: int) -> None:
        """A try begins; the first one of the first part is the one that the whole has begun."""
        whole, call.has_parts, self._given_up = call.whole, False, False
        if whole is not None:
            if not whole.has_parts:
                whole.has_parts = True
                return
            self._call.attempts += 1
        self._tried_at = self.clock()
        self.tell(events.AttemptStarted(call.model.config_name, call.id, self._tried_at, attempt))

    def attempt_failed(self, call: Call, attempt: int, error: ModelCallError, wait: float | None) -> None:
        """A try failed, and perhaps another follows."""
        if self._given_up and error.config_name == call.model.config_name:
            return
        self._given_up = call.whole is not None and wait is None
        now, name, kind = self.clock(), call.model.config_name, type(error).__name__
        seconds = now - self._tried_at
        self.tell(events.AttemptFailed(name, call.id, now, attempt, seconds, kind, error.status, error.request_id))
        if wait is not None:
            self.tell(events.RetryScheduled(name, call.id, now, attempt + 1, wait, kind))
            if self._hooks is not None and self._info is not None:
                self._hooks.tell_retry(self._info, call, attempt + 1, wait, error)

    def first_token(self, call: Call) -> None:
        """The first piece of a streamed answer is handed over."""
        if call.whole is not None:
            return
        self.began_to_arrive = self.clock()
        self.tell(events.FirstToken(call.model.config_name, call.id, self.began_to_arrive))

    def stream_ended(self, call: Call) -> None:
        """A streamed answer is whole."""
        if call.whole is None:
            self.tell(events.StreamEnded(call.model.config_name, call.id, self.clock()))

    def budget_exceeded(self, call: Call, excess: Any, per: str, action: str, retry_after: float | None) -> None:
        """A budget is used up."""
        name, (unit, spent, limit) = call.model.config_name, excess
        self.tell(events.BudgetExceeded(name, call.id, self.clock(), unit, spent, limit, per, action, retry_after))

    def tell(self, event: events.Event) -> None:
        """Hand a record to everybody."""
        for observer in tuple(self._observers):
            try:
                observer(event)
            except Exception as error:
                _log_once(observer, error)
        if self._hooks is not None:
            self._hooks.tell(event)


_FAILED: set[int] = set()


def _log_once(observer: Observer, error: Exception) -> None:
    if id(observer) in _FAILED:
        return
    _FAILED.add(id(observer))
    import logging  # only programs with an observer that fails need it

    what = "an observer failed and may have missed something: %r: %s: %s"
    logging.getLogger("modelhub").warning(what, observer, type(error).__name__, error, exc_info=error)
