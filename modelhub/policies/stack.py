"""What stands around a call and around each of its attempts, in the one order that there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from modelhub.engine.effects import Flow
from modelhub.policies.acquiring import SharedPlaces
from modelhub.policies.batching import Batches
from modelhub.policies.breaker import Breaker
from modelhub.policies.breaking import broken_off
from modelhub.policies.budgeting import Account, budgeted
from modelhub.policies.caching import Cache, cached
from modelhub.policies.limiter import Limiter
from modelhub.policies.limiting import limited, limited_together

LAYERS: Final = ("cache", "single flight", "batch", "deadline", "retry", "breaker", "limits", "budget", "attempt")
"""From the outside in. ``modelhub.engine.attempts`` is the retry, and the drivers keep the deadline."""

_AROUND_ATTEMPT: Final[tuple[tuple[str, Callable[[Any, Any, Flow[Any]], Flow[Any]]], ...]] = (
    ("breaker", broken_off),
    ("limiter", limited),
    ("shared", limited_together),
    ("account", budgeted),
)


class Guards:
    """The parts of the layers that one config has; each is shared by all its calls."""

    __slots__ = ("_around_attempt", "account", "batches", "breaker", "cache", "limiter", "shared")

    def __init__(
        self,
        *,
        cache: Cache | None = None,
        batches: Batches | None = None,
        breaker: Breaker | None = None,
        limiter: Limiter | None = None,
        shared: SharedPlaces | None = None,
        account: Account | None = None,
    ) -> None:
        self.cache = cache
        self.batches = batches
        self.breaker = breaker
        self.limiter = limiter
        self.shared = shared
        self.account = account
        parts = ((getattr(self, name), layer) for name, layer in reversed(_AROUND_ATTEMPT))
        self._around_attempt = [(part, layer) for part, layer in parts if part is not None]

    def attempted(self, call: Any, flow: Flow[Any]) -> Flow[Any]:
        """``flow``, one attempt of ``call``, within the layers around an attempt."""
        for part, layer in self._around_attempt:
            flow = layer(call, part, flow)
        return flow

    def called(
        self, call: Any, find_key: Callable[[], str | None], start: Callable[[], Flow[Any]], stream: bool
    ) -> Flow[Any]:
        """The flow that ``start`` makes, within the layers around a whole call; equal calls have equal keys."""
        if self.cache is None or call.cache is False:
            return start()
        key = find_key()
        return start() if key is None else cached(call, self.cache, key, start, stream)
