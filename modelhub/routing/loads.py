"""What a router knows of its models: how many of its calls each is busy with, and how quick each was of late."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

WINDOW = 60.0
"""Seconds after which it is forgotten how long an answer took."""
DEFAULT = 600.0  # seconds: the timeout of a model that says none
MOST = 1000  # times that are remembered of each model


class Latencies:
    """The seconds that a model took, averaged over the last minute."""

    __slots__ = ("_sum", "_times")

    def __init__(self) -> None:
        self._times: deque[tuple[float, float]] = deque()  # when, and how many seconds
        self._sum = 0.0

    def note(self, now: float, seconds: float) -> None:
        """At ``now``, an answer began after so many seconds."""
        if len(self._times) == MOST:
            self._forget()
        self._times.append((now, seconds))
        self._sum += seconds

    def average(self, now: float) -> float | None:
        """The average of the last minute; None if there was no answer in it."""
        while self._times and self._times[0][0] <= now - WINDOW:
            self._forget()
        return self._sum / len(self._times) if self._times else None

    def _forget(self) -> None:
        self._sum -= self._times.popleft()[1]
        if not self._times:
            self._sum = 0.0  # without what rounding has left


class Load:
    """One model of a router: its ``calls`` in flight, and how quick it was.

    A call may end in a finalizer that comes in the middle of anything: adding to a set and discarding need no lock.
    """

    __slots__ = ("calls", "latencies")

    def __init__(self) -> None:
        self.calls: set[object] = set()
        self.latencies = Latencies()


def find_timeout(model: Any) -> float:
    """How many seconds a failure of ``model`` counts for: those of its own ``timeout``."""
    timeout: Any = getattr(model, "timeout", None)
    if timeout is None:
        timeout = getattr(model, "client_args", {}).get("timeout")
    if timeout is None and (home := getattr(model, "home", None)) is not None:  # of one that is not over HTTP
        timeout = home.bounds
    if isinstance(timeout, Mapping):
        timeout = next((timeout[name] for name in ("first_token", "total", "idle") if timeout.get(name)), None)
    return float(timeout) if isinstance(timeout, int | float) else float(getattr(model, "default_timeout", DEFAULT))
