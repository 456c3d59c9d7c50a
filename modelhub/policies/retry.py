"""Whether a failed call is tried again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from modelhub.errors import ModelCallError, TimeoutError


class RetryPolicy:
    """How often to try again, and after how long.

    ``max_attempts`` includes the first try. ``initial`` and ``max`` are the shortest and the longest wait in seconds.
    With ``on_timeout``, calls that timed out are repeated, too (the vendor may charge for each). ``explicit`` is true
    if a config has the policy: then it also repeats calls after errors for which another model was retried already.
    """

    __slots__ = ("explicit", "initial", "max", "max_attempts", "on_timeout")

    def __init__(
        self, max_attempts: int = 3, initial: float = 0.5, max: float = 60.0, on_timeout: bool = False
    ) -> None:
        self.max_attempts = max_attempts
        self.initial = initial
        self.max = max
        self.on_timeout = on_timeout
        self.explicit = False

    @classmethod
    def from_config(cls, retry: Mapping[str, Any] | None, max_retries: int | None = None) -> RetryPolicy:
        """The policy of a config's ``retry`` key, or of AgentScope's ``client_args.max_retries``."""
        settings = dict(retry or {})
        if max_retries is not None:
            settings.setdefault("max_attempts", max_retries + 1)
        policy = cls(**settings)
        policy.explicit = bool(settings)
        return policy

    def wait_before(self, attempt: int, error: ModelCallError) -> float | None:
        """Seconds to wait before try number ``attempt`` (2 is the first repeat), or None to give up."""
        if attempt > self.max_attempts:
            return None
        if not error.retryable and not (self.on_timeout and isinstance(error, TimeoutError)):
            return None
        if error.retry_after is not None:
            return error.retry_after if error.retry_after <= self.max else None
        backoff: float = min(self.initial * 2.0 ** (attempt - 2), self.max)
        return backoff * (1 - 0.25 * random.random())
