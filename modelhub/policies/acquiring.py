"""Waiting for a place at a limiter that processes share: a flow, which blocks no event loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Protocol

from modelhub.engine.effects import Flow, Invoke, Sleep
from modelhub.policies.limits import Limits


class SharedPlaces(Protocol):
    """A limiter that processes share; ``modelhub.stores`` has one. None of its methods raises an exception."""

    limits: Limits

    def acquire(self, holder: Hashable, tokens: float = 0.0) -> float:
        """0 when the attempt may begin, else seconds after which to ask again; it may wait for a network."""
        ...

    def place_in(self, holder: Hashable, tokens: float = 0.0) -> float:
        """Seconds after which one that comes now is likely to begin, 0 where that is not known; it may wait, too."""
        ...

    def release_soon(self, holder: Hashable, tokens_used: float = 0.0, sent: bool = True) -> None:
        """End an attempt, or take it out of the line, without waiting for anything."""

    def hold(self, seconds: float) -> None:
        """Let nobody in for so many seconds; it may wait for a network."""

    def close(self) -> None:
        """Give everything back."""


def acquired(
    shared: SharedPlaces,
    holder: Hashable,
    tokens: float,
    clock: Callable[[], float],
    until: float = math.inf,
    wait: Callable[[], object] | None = None,
) -> Flow[float]:
    """Wait until the attempt ``holder`` may begin; it returns 0 then, and ``release`` must end it.

    After ``until`` by the clock it leaves the line, and returns the seconds after which a place may be free. Whoever is
    cancelled while it waits leaves the line, too. ``wait`` is called before it waits for the first time. It raises
    nothing of its own.
    """
    try:
        while (hint := (yield Invoke(lambda: shared.acquire(holder, tokens)))) > 0:
            left = until - clock()
            if left <= 0:
                likely = yield Invoke(lambda: shared.place_in(holder, tokens))
                shared.release_soon(holder, sent=False)
                return float(likely or hint)
            if wait is not None:
                wait()
                wait = None
            yield Sleep(min(hint, left))
    except BaseException:
        shared.release_soon(holder, sent=False)
        raise
    return 0.0
