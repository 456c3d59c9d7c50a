"""What a server takes of requests and tokens, and what it says to who asks for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from modelhub.policies.buckets import TokenBucket
from modelhub.server.formats.standing import Meter, Standing
from modelhub.server.mock.scenario.shape import Capacity

LimitName: TypeAlias = Literal["concurrency", "rpm", "tpm"]
_AT_ONCE = 1e-9


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit a request is beyond; ``wait`` are the seconds until there is room, None if nobody knows."""

    limit: LimitName
    message: str
    wait: float | None = None


class Quota:
    """Counts the requests and tokens of a minute.

    A request that is refused costs nothing. Time is told, in seconds of any clock.
    """

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self._requests = TokenBucket(capacity.rpm, capacity.burst) if capacity.rpm is not None else None
        self._tokens = TokenBucket(capacity.tpm) if capacity.tpm is not None else None

    def admit(self, in_flight: int, now: float) -> Refusal | None:
        """Take a request while so many others are under way; the refusal if it is too much."""
        most = self.capacity.concurrency
        if most is not None and in_flight >= most:
            return Refusal("concurrency", f"Rate limit reached: {most} concurrent requests.")
        if self._requests is not None:
            wait = self._requests.wait(1, now)
            if wait > _AT_ONCE:
                return Refusal("rpm", f"Rate limit reached: {self.capacity.rpm:g} requests per minute.", wait)
            self._requests.take(1, now)
        return None

    def charge(self, tokens: int, now: float) -> Refusal | None:
        """Take the tokens of a request that was admitted; the refusal if they are too many, and it does not count."""
        if self._tokens is None or not tokens:
            return None
        wait = self._tokens.wait(tokens, now)
        if wait <= _AT_ONCE:
            self._tokens.take(tokens, now)
            return None
        if self._requests is not None:
            self._requests.give_back(1)
        return Refusal("tpm", f"Rate limit reached: {self.capacity.tpm:g} tokens per minute.", wait)

    def tell_standing(self, now: float, at: float) -> Standing:
        """What is left now, which is ``at`` seconds since 1970."""
        requests = _measure(self._requests, self.capacity.rpm, now)
        return Standing(requests, _measure(self._tokens, self.capacity.tpm, now), at)


def _measure(bucket: TokenBucket | None, per_minute: float | None, now: float) -> Meter | None:
    if bucket is None or per_minute is None:
        return None
    full_in = bucket.seconds_for(bucket.capacity, now)
    return Meter(per_minute, max(0.0, bucket.capacity - full_in * per_minute / 60 + _AT_ONCE), full_in)
