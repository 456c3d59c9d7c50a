"""Whether a failed call is tried again, and after how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelhub.errors import ModelCallError, TimeoutError
from modelhub.late import late

if TYPE_CHECKING:
    import random
else:
    random = late("random")

JITTER = 0.1  # of the seconds that a server asks for, the part by which a wait may be longer


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
        if not retry and max_retries is None:
            return _USUAL
        settings = dict(retry or {})
        if max_retries is not None:
            settings.setdefault("max_attempts", max_retries + 1)
        policy = cls(**settings)
        policy.explicit = bool(settings)
        return policy

    def lay_over(self, retry: Mapping[str, Any]) -> RetryPolicy:
        """This policy, with what ``retry`` says in its place."""
        own = {name: getattr(self, name) for name in ("max_attempts", "initial", "max", "on_timeout")}
        return RetryPolicy.from_config({**own, **retry})

    def wait_before(self, attempt: int, error: ModelCallError) -> float | None:
        """Seconds to wait before try number ``attempt`` (2 is the first repeat), or None to give up.

        As long as the server asks for in this error, and a little longer at random.
        """
        if attempt > self.max_attempts:
            return None
        if not error.retryable and not (self.on_timeout and isinstance(error, TimeoutError)):
            return None
        backoff: float = min(self.initial * 2.0 ** min(attempt - 2, 60), self.max)
        backoff *= 1 - 0.25 * random.random()
        asked = error.retry_after
        if asked is None or not asked > 0:
            return backoff
        if asked > self.max:
            return None
        # Never sooner than asked, and not all at once: whoever was turned away at the same time was told the same.
        return asked + asked * JITTER * random.random()


_USUAL = RetryPolicy()
