"""Token buckets: how much may pass in a minute."""

from __future__ import annotations

import math


class TokenBucket:
    """Holds a minute's worth, or ``burst`` if that is less, and is full at first; it is refilled evenly.

    Who takes more than is there leaves a debt, which the refill pays first. Times are seconds of any clock that does
    not go back; a moment that is a little earlier than the last one (another thread came first) does no harm.
    """

    __slots__ = ("_each", "_full_at", "capacity")

    def __init__(self, per_minute: float, burst: float | None = None) -> None:
        self.capacity = per_minute if burst is None else min(burst, per_minute)
        self._each = 60 / per_minute  # the seconds in which one is refilled
        # When it will be full says all, and one number cannot be half changed by a step that is broken off.
        self._full_at = -math.inf

    def follow(self, other: TokenBucket) -> None:
        """Be full when ``other``, whose place it takes, would be."""
        self._full_at = other._full_at

    def wait(self, amount: float, now: float) -> float:
        """Seconds until ``amount`` may be taken; what is larger than the bucket waits for a full one."""
        return self.seconds_for(min(amount, self.capacity), now)

    def seconds_for(self, amount: float, now: float) -> float:
        """Seconds until ``amount`` will have come in, of which the bucket may hold only a part at a time."""
        full_at = self._full_at if self._full_at > now else now
        return max(0.0, full_at - now + (amount - self.capacity) * self._each)

    def take(self, amount: float, now: float) -> None:
        """Take ``amount``, whether it is there or not."""
        if self._full_at < now:
            self._full_at = now
        self._full_at += amount * self._each

    def give_back(self, amount: float) -> None:
        """Put back ``amount`` that was taken; what does not fit is lost."""
        self._full_at -= amount * self._each

    def settle(self, taken: float, used: float, now: float) -> None:
        """Take ``used`` instead of the ``taken`` that was an estimate."""
        if used > taken:
            self.take(used - taken, now)
        else:
            self.give_back(taken - used)
