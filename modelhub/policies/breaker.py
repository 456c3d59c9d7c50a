"""The circuit breaker of a model: one that fails again and again is left alone for a while."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

from modelhub.engine.forking import forget_in_child
from modelhub.errors import (
    CircuitOpenError,
    ConnectionError,
    ModelCallError,
    ResponseParsingError,
    ServerError,
    StreamInterruptedError,
    TimeoutError,
)
from modelhub.locks import Lock

# How an attempt has ended: answered, readable or not; failed, which counts against the model; refused, which is the
# client's fault (4xx, or an error inside a reply); or dropped, without a word of the server: not sent, or cancelled.
Outcome: TypeAlias = Literal["answered", "failed", "refused", "dropped"]
State: TypeAlias = Literal["closed", "open", "half-open"]
Change: TypeAlias = tuple[State, State]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a breaker opens, and for how long.

    ``failures`` failures within ``window`` seconds open it, if they are at least ``ratio`` of what was answered or
    failed in that time. It stays open for ``cooldown`` seconds.
    """

    failures: int = 5
    ratio: float = 0.5
    window: float = 30.0
    cooldown: float = 15.0


def judge_attempt(error: BaseException | None) -> Outcome:
    """What the end of an attempt says about the model; ``error`` is None if it succeeded."""
    match error:
        case None:
            return "answered"
        case ServerError() | TimeoutError() | ConnectionError() | StreamInterruptedError():
            return "failed"
        case ResponseParsingError():
            return "answered"
        case ModelCallError(status=int()):
            return "refused"
        case _:
            return "dropped"


class Passage:
    """The leave that a breaker gives to one attempt; ``change`` is that of its state by it, None if it stays."""

    __slots__ = ("__weakref__", "change", "period")

    def __init__(self, period: int) -> None:
        self.period: int | None = period  # None when the attempt is over
        self.change: Change | None = None


class Breaker:
    """Says which attempts may be sent; it is closed, open, or half-open, when one attempt at a time tries the model.

    It neither waits nor looks at a clock. ``admit`` gives each attempt a passage, and ``settle`` takes it back with
    what came of it. An attempt that ends after the breaker has opened or closed since no longer counts: it tells of a
    model that was. Each change of its state is told once, by the step that makes it; the first attempt after the
    cooldown makes it half-open.
    """

    __slots__ = ("__weakref__", "_ended", "_failed", "_lock", "_open_until", "_period", "_probe", "_told", "thresholds")

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self.thresholds = thresholds or Thresholds()
        self._ended: deque[float] = deque()  # when attempts were answered or failed, as far as the window reaches
        self._failed: deque[float] = deque()  # those that failed
        self._open_until: float | None = None  # None while it is closed
        self._period = 0  # counts openings and closings
        self._probe: weakref.ref[Passage] | None = None  # the one that tries; gone when nobody has it any more
        self._told: State = "closed"
        self._lock = Lock()
        forget_in_child(self)

    def forget_holders(self) -> None:
        """Forget the attempt that tries the model, as a forked process must."""
        self._probe = None

    def state(self, now: float) -> State:
        """How it stands."""
        until = self._open_until
        if until is None:
            return "closed"
        return "open" if now < until else "half-open"

    def refuses_for(self, now: float) -> float | None:
        """Seconds for which it refuses all attempts, 0 beside one that tries the model; None if it lets one through."""
        until = self._open_until
        if until is None:
            return None
        if now < until:
            return until - now
        probe = self._probe
        return None if probe is None or probe() is None else 0.0

    def admit(self, now: float) -> Passage:
        """Let one attempt through, which must be settled; raises CircuitOpenError if it may not be sent."""
        with self._lock:
            refused = self.refuses_for(now)
            if refused is None:
                passage = Passage(self._period)
                if self._open_until is not None:
                    self._probe = weakref.ref(passage)
                    passage.change = self._change("half-open")
                return passage
        raise CircuitOpenError(_explain(refused), retry_after=refused)

    def settle(self, passage: Passage, now: float, outcome: Outcome) -> Change | None:
        """Take back the passage of an attempt that is over; the second time it says nothing.

        Returns how the state has changed by it, None if it has not.
        """
        with self._lock:
            period, passage.period = passage.period, None
            if period != self._period:
                return None
            if self._open_until is None:
                self._count(now, outcome)
                return self._change("open") if self._open_until is not None else None
            probe = self._probe
            if probe is None or probe() is not passage:
                return None
            self._probe = None
            if outcome == "failed":
                self._open(now)
                return self._change("open")
            if outcome == "answered":
                self._open_until = None
                self._period += 1
                return self._change("closed")
            return None

    def _change(self, state: State) -> Change | None:
        before, self._told = self._told, state
        return (before, state) if before != state else None

    def _count(self, now: float, outcome: Outcome) -> None:
        if outcome == "dropped":
            return
        limits, ended, failed = self.thresholds, self._ended, self._failed
        ended.append(now)
        if outcome == "failed":
            failed.append(now)
        for moments in (ended, failed):
            while moments and now - moments[0] > limits.window:
                moments.popleft()
        if outcome == "failed" and len(failed) >= limits.failures and len(failed) / len(ended) >= limits.ratio:
            self._open(now)

    def _open(self, now: float) -> None:
        self._open_until = now + self.thresholds.cooldown
        self._period += 1
        self._ended.clear()
        self._failed.clear()


def _explain(seconds: float) -> str:
    if seconds > 0:
        return f"not sent: the model has failed too often (circuit_breaker); it is tried again in {seconds:.3g} s"
    return "not sent: the model has failed too often (circuit_breaker), and another call is trying it now"
