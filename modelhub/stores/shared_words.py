"""What a process says to the rules of a shared limiter, and to whom."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from modelhub.policies.limits import Limits

_NO_LIMIT = 1e15
_MOST_TOKENS = 1e12  # no attempt uses more: a reply that says so is wrong
LONGEST = 3600.0  # seconds for which one reply may keep all processes out, whatever it says


class Script(Protocol):
    """Where the rules are run; what it raises counts as an outage."""

    def run(self, *words: str) -> object:
        """What the rules say to ``words``."""

    def drop_idle(self) -> None:
        """Close what is not in use."""

    def close(self) -> None:
        """Close everything."""


class Release(NamedTuple):
    """The end of an attempt; after ``until`` Redis will have forgotten the attempt by itself."""

    name: str
    used: str
    sent: str
    until: float


def build_release(limits: Limits, name: str, used: float, sent: bool, until: float) -> Release:
    """The end of the attempt called ``name``, which has used so many tokens."""
    seconds = -1.0  # let the estimate stand
    if 0 <= used < _MOST_TOKENS:
        seconds = 0.0 if limits.tpm is None else min(used * 60 / limits.tpm, LONGEST)
    return Release(name, repr(float(seconds)), "1" if sent else "0", until)


def build_place(limits: Limits, tokens: float) -> str:
    """What an attempt of about so many tokens asks for."""
    most = _NO_LIMIT if limits.concurrency is None else limits.concurrency
    requests = _price(1.0, limits.rpm, limits.burst)
    used = _price(0.0 if limits.tpm is None or not tokens > 0 else min(tokens, limits.tpm), limits.tpm, None)
    return " ".join(repr(float(number)) for number in (most, *requests, *used))


def _price(amount: float, per_minute: float | None, burst: float | None) -> tuple[float, float]:
    """The seconds of refill that ``amount`` takes of a bucket, and how many may be owed before.

    What is larger than the bucket waits for a full one.
    """
    if per_minute is None:
        return 0.0, _NO_LIMIT
    capacity = per_minute if burst is None else min(burst, per_minute)
    each = 60 / per_minute
    return amount * each, (capacity - min(amount, capacity)) * each
