"""Observers: functions that are told the events of every call of a registry."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from modelhub import events
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.telemetry.handing import Observer as Observer
from modelhub.telemetry.handing import hand, handed_over
from modelhub.telemetry.taking_part import carry, enter, introduce
from modelhub.telemetry.tally import find_call_cost, find_currency
from modelhub.telemetry.told import CallInfo

if TYPE_CHECKING:
    from modelhub.telemetry.call_hooks import CallHooks


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
    parent, tags, began = call.parent_id, call.tags, clock()
    introduce(observers, call)
    teller.tell(
        events.CallStarted(name, call.id, began, parent, time.time(), kind, called, task, stream, arguments, tags)
    )
    answer: Any = None
    error: str | None = None
    request_id: str | None = None
    left = False
    try:
        answer = yield from teller.follow(call, start)
        return answer
    except GeneratorExit:  # the caller has left the stream
        left = True
        raise
    except BaseException as failure:
        error, request_id = type(failure).__name__, getattr(failure, "request_id", None)
        raise
    finally:
        now = clock()
        response = answer if isinstance(answer, ModelResponse) else None
        cost = find_call_cost(call, response) if response is not None else None
        teller.tell(
            events.CallEnded(
                name,
                call.id,
                now,
                parent_id=parent,
                model_type=kind,
                model=called,
                task=task,
                seconds=now - began,
                first_token_seconds=teller.began_to_arrive - began if teller.began_to_arrive is not None else None,
                attempts=call.attempts,
                error=error,
                finish_reason=response.finish_reason if response is not None else None,
                usage=response.usage if response is not None else None,
                request_id=response.request_id if response is not None else request_id,
                stream=stream or call.so_far is not None,
                response=response,
                arguments=arguments,
                cost=cost,
                currency=find_currency(call) if cost is not None else None,
                cached=call.cached and error is None,
                tags=tags,
                composite=model.is_composite,
            )
        )
        if teller.has_kept:
            if left:  # nothing more can be asked for
                teller.hand_over()
            else:
                yield from handed_over(teller.hand_over)


class Teller:
    """Makes records of what happens to a call, and hands them to observers.

    What happens to a part of the call is told as happening to the call, and once. What observers that block are to be
    told is kept until ``hand_over``.
    """

    __slots__ = (
        *("_asked", "_call", "_given_up", "_hooks", "_info", "_kept", "_observers"),
        *("began_to_arrive", "clock"),
    )

    def __init__(
        self,
        call: Call,
        observers: Sequence[Observer],
        hooks: CallHooks | None = None,
        info: CallInfo | None = None,
    ) -> None:
        self.clock: Callable[[], float] = call.clock or call.model.clock
        self.began_to_arrive: float | None = None
        self._call = call
        self._observers = observers
        self._hooks = hooks
        self._info = info
        self._kept: deque[tuple[Observer, events.Event]] = deque()
        self._asked: Any = None  # what the whole was asked, where exchanges are told
        self._given_up = False  # by a part, which has told so

    def attempt_started(self, call: Call, attempt: int) -> None:
        """A try begins; the first one of the first part is the one that the whole has begun."""
        whole, call.has_parts, self._given_up = call.whole, False, False
        if whole is not None:
            if not whole.has_parts:
                whole.has_parts, call.tried_at = True, whole.tried_at
                return
            self._call.attempts += 1
        call.tried_at = self.clock()
        self.tell(events.AttemptStarted(call.model.config_name, call.id, call.tried_at, attempt))

    def attempt_failed(self, call: Call, attempt: int, error: ModelCallError, wait: float | None) -> None:
        """A try failed, and perhaps another follows."""
        if self._given_up and error.config_name == call.model.config_name:
            return
        self._given_up = call.whole is not None and wait is None
        now, name, kind = self.clock(), call.model.config_name, type(error).__name__
        seconds = now - call.tried_at
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

    def queued(self, call: Call) -> None:
        """A try has to wait in line."""
        self.tell(events.Queued(call.model.config_name, call.id, self.clock()))

    def admitted(self, call: Call, waited: float) -> None:
        """A try that was in line may begin."""
        self.tell(events.Admitted(call.model.config_name, call.id, self.clock(), waited))

    def cache_hit(self, call: Call, coalesced: bool) -> None:
        """The answer of another call is used."""
        self.tell(events.CacheHit(call.model.config_name, call.id, self.clock(), coalesced))

    def breaker_changed(self, call: Call, before: str, after: str) -> None:
        """What became of a try has changed the circuit breaker."""
        self.tell(events.BreakerChanged(call.model.config_name, call.id, self.clock(), before, after))

    def routed(self, call: Call, target: str, reason: str) -> None:
        """A composite has chosen a target."""
        self.tell(events.Routed(call.model.config_name, call.id, self.clock(), target, reason))

    def fell_back(self, call: Call, failed: str, target: str, error: ModelCallError | None) -> None:
        """A composite goes on to a target."""
        kind = type(error).__name__ if error is not None else None
        self.tell(events.FellBack(call.model.config_name, call.id, self.clock(), failed, target, kind))

    def budget_exceeded(self, call: Call, excess: Any, per: str, action: str, retry_after: float | None) -> None:
        """A budget is used up."""
        name, (unit, spent, limit) = call.model.config_name, excess
        self.tell(events.BudgetExceeded(name, call.id, self.clock(), unit, spent, limit, per, action, retry_after))

    def enter(self, call: Call) -> Callable[[], object] | None:
        """Code of the model begins to run."""
        return enter(self._observers, call)

    def carry(self, call: Call) -> dict[str, str]:
        """The headers that observers want to go along with the requests of the call."""
        return carry(self._observers, call)

    def follow(self, call: Call, start: Callable[[Call], Flow[Any]]) -> Flow[Any]:
        """The flow of the call, or of a part of it, whose exchanges are told to observers that want them."""
        wanting = [observer for observer in self._observers if getattr(observer, "wants_exchanges", False) is True]
        if not wanting or call.model.is_composite:
            return start(call)
        from modelhub.telemetry.exchanges import exchanged, find_asked  # few observers want them

        self._asked = self._asked or find_asked(call)
        return exchanged(call, self._asked, start, lambda event: self._hand(event, wanting))

    def tell(self, event: events.Event) -> None:
        """Hand a record to everybody."""
        self._hand(event, tuple(self._observers))
        if self._hooks is not None:
            self._hooks.tell(event)

    def _hand(self, event: events.Event, observers: Sequence[Observer]) -> None:
        """Hand a record to observers, or keep it for those that block."""
        for observer in observers:
            if getattr(observer, "blocking", False) is True:
                self._kept.append((observer, event))
            else:
                hand(observer, event)

    @property
    def has_kept(self) -> bool:
        """Whether something is kept for an observer that blocks."""
        return bool(self._kept)

    def hand_over(self) -> None:
        """Hand what is kept to the observers that block; it may be asked for again if that was interrupted."""
        while self._kept:
            hand(*self._kept.popleft())
