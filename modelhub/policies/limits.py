"""What a config says in ``limits``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from modelhub.errors import RateLimitError


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a model may be used at a time; None is no limit.

    ``concurrency`` is how many attempts may be under way at once, ``rpm`` and ``tpm`` how many requests and tokens may
    pass in a minute, and ``burst`` how many requests may be sent together. ``on_limit`` says whether a call waits in
    line, and ``max_wait`` how many seconds at most. Configs with the same ``group`` share one limiter, and ``store``
    says where it is kept.
    """

    concurrency: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    burst: int | None = None
    on_limit: Literal["wait", "fail"] = "wait"
    max_wait: float = 60.0
    group: str | None = None
    store: str = "memory"


def build_refusal(limits: Limits, retry_after: float) -> RateLimitError:
    """The error for an attempt that is not sent; a place is likely to be free in ``retry_after`` seconds."""
    why = "on_limit is fail" if limits.on_limit == "fail" else f"waited {limits.max_wait:g} s in line"
    message = f"not sent: there is no place within the limits of the config ({why})"
    refusal = RateLimitError(message, code="local_limit", retryable=False, retry_after=retry_after)
    refusal.sent = False
    return refusal
