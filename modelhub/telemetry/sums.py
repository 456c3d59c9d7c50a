"""The sums of the calls of one config."""

from __future__ import annotations

from typing import Any

from modelhub.prices.price import Price
from modelhub.response import Usage
from modelhub.telemetry.histogram import Histogram


class Sums:
    """What the calls that have ended came to."""

    def __init__(self) -> None:
        self.ended = 0
        self.errors: dict[str, int] = {}
        self.cache_hits = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost: float | None = None
        self.seconds = Histogram()
        self.first_token_seconds = Histogram()
        self.generating = 0.0  # seconds of the calls that tell their tokens

    def add(
        self,
        seconds: float,
        first: float | None,
        error: str | None,
        cached: bool,
        usage: Usage | None,
        images: int,
        price: Price | float | None,
    ) -> None:
        """Add a call that has ended; see ``Ended``."""
        self.ended += 1
        self.seconds.add(seconds)
        if first is not None:
            self.first_token_seconds.add(first)
        if error is not None:
            self.errors[error] = self.errors.get(error, 0) + 1
            return
        if cached:
            self.cache_hits += 1
            self.cost = self.cost or 0.0
            return
        if usage is not None:
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
            self.generating += seconds
        if price is not None:
            cost = price.find_cost(usage, images) if isinstance(price, Price) else price
            if cost is not None:
                self.cost = (self.cost or 0.0) + cost

    def describe(self) -> dict[str, Any]:
        """The sums as data."""
        return {
            "errors": dict(self.errors),
            "cache_hits": self.cache_hits,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "seconds": _describe(self.seconds),
            "first_token_seconds": _describe(self.first_token_seconds),
            "tokens_per_second": self.completion_tokens / self.generating if self.generating else None,
        }


def _describe(histogram: Histogram) -> dict[str, float | None]:
    return dict(zip(("p50", "p95", "p99"), histogram.find_percentiles(50, 95, 99), strict=True))
