"""What the tokens and images of one model cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelhub.response import ModelResponse, Usage


class Price:
    """Amounts in ``currency`` for ``per`` tokens, and for one ``image``; None is one that is not known.

    Tokens that are ``cached`` cost as ``prompt`` where nothing else is said, as do those written to a vendor's cache.
    """

    __slots__ = ("cache_write", "cached", "completion", "currency", "image", "per", "prompt")

    def __init__(
        self,
        prompt: float | None = None,
        completion: float | None = None,
        cached: float | None = None,
        cache_write: float | None = None,
        image: float | None = None,
        per: float = 1_000_000,
        currency: str = "USD",
    ) -> None:
        self.prompt = prompt
        self.completion = completion
        self.cached = prompt if cached is None else cached
        self.cache_write = prompt if cache_write is None else cache_write
        self.image = image
        self.per = per
        self.currency = currency

    @classmethod
    def from_config(cls, said: Mapping[str, Any]) -> Price:
        """The price that the ``price`` key of a config says."""
        return cls(**said)

    def find_cost(self, usage: Usage | None, images: int = 0) -> float | None:
        """What an answer costs; None where the price of a part of it is not known."""
        if usage is None and not images:
            return None
        parts: list[tuple[float, float | None]] = [(images, self.image)] if images and self.image is not None else []
        if not parts or (self.prompt is not None and usage is not None):
            if usage is None:
                return None
            cached = usage.cached_tokens or 0
            tokens = (usage.prompt_tokens - cached, self.prompt), (cached, self.cached)
            parts += [
                (count / self.per, price) for count, price in (*tokens, (usage.completion_tokens, self.completion))
            ]
        total = 0.0
        for count, price in parts:
            if count and price is None:
                return None
            total += count * (price or 0.0)
        return total


def find_cost(price: Price | None, answer: ModelResponse) -> float | None:
    """What ``answer`` costs by ``price``; None where that is not known."""
    return None if price is None else price.find_cost(answer.usage, len(answer.image_urls or ()))
