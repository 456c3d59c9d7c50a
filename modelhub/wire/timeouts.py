"""How long a call may wait, and for what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

CONNECT = 10.0
WAIT = 600.0


class Timeouts(NamedTuple):
    """What bounds the waits of a call, in seconds.

    ``connect`` bounds the handshake, TLS included; ``first_token`` the wait for the first byte of a reply's body;
    ``idle`` each later wait, and the first one, too, where ``first_token`` is None; ``total`` everything, None for no
    end.
    """

    connect: float = CONNECT
    idle: float = WAIT
    first_token: float | None = None
    total: float | None = None

    def lay_over(self, bounds: Mapping[str, Any]) -> Timeouts:
        """These, with those of ``bounds`` that are not None in their place."""
        given = {name: float(seconds) for name, seconds in bounds.items() if seconds is not None}
        return self._replace(**given) if given else self


class Deadline:
    """When a call must be over: ``at`` by its ``clock``, both in seconds."""

    __slots__ = ("at", "clock")

    def __init__(self, at: float, clock: Callable[[], float]) -> None:
        self.at = at
        self.clock = clock

    def left(self) -> float:
        """Seconds that are left, a moment at least."""
        return max(self.at - self.clock(), 0.001)


def build_timeouts(timeout: float | Mapping[str, Any] | None, otherwise: float) -> Timeouts:
    """What a ``timeout`` says: seconds for each wait, or an object; ``otherwise`` is for what it leaves out."""
    if timeout is None:
        timeout = otherwise
    if isinstance(timeout, Mapping):
        return Timeouts(CONNECT, otherwise, otherwise).lay_over(timeout)
    return Timeouts(min(float(timeout), CONNECT), float(timeout))
