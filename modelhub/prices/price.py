"""What the tokens and images of one model cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelhub.response import ModelResponse, Usage

BATCH = 0.5
"""The part of the price of a call that vendors ask for the same in a batch, where nothing else is said."""


class Price:
    """Amounts in ``currency`` for ``per`` tokens, and for one ``image``; None is one that is not known.

    Tokens that are ``cached`` cost as ``prompt`` where nothing else is said, as do those written to a vendor's cache.
    ``thinking`` is what ``completion`` costs where the model has reasoned, if that is another price. It is the price of
    prompts of ``up_to`` so many tokens; that of longer ones is not known. ``batch`` is the part of it that an answer of
    a vendor's batch API costs.
    """

    __slots__ = (
        *("_each", "batch", "cache_write", "cached", "completion", "currency", "image", "per", "prompt", "thinking"),
        "up_to",
    )

    def __init__(
        self,
        prompt: float | None = None,
        completion: float | None = None,
        cached: float | None = None,
        cache_write: float | None = None,
        image: float | None = None,
        per: float = 1_000_000,
        currency: str = "USD",
        thinking: float | None = None,
        up_to: int | None = None,
        batch: float = BATCH,
    ) -> None:
        self.prompt = prompt
        self.completion = completion
        self.cached = prompt if cached is None else cached
        self.cache_write = prompt if cache_write is None else cache_write
        self.image = image
        self.per = per
        self.currency = currency
        self.thinking = thinking
        self.up_to = up_to
        self.batch = batch
        self._each: tuple[float, float] | None = None  # of one token, where there is nothing else to look at
        if prompt is not None and completion is not None and thinking is None and up_to is None:
            self._each = prompt / per, completion / per

    @classmethod
    def from_config(cls, said: Mapping[str, Any]) -> Price:
        """The price that the ``price`` key of a config says."""
        return cls(**said)

    def find_cost(self, usage: Usage | None, images: int = 0) -> float | None:
        """What an answer costs; None where the price of a part of it is not known."""
        each = self._each
        if each is not None and usage is not None and not (images or usage.cached_tokens or usage.cache_write_tokens):
            return usage.prompt_tokens * each[0] + usage.completion_tokens * each[1]
        if usage is None and not images:
            return None
        if self.up_to is not None and usage is not None and usage.prompt_tokens > self.up_to:
            return None
        parts: list[tuple[float, float | None]] = [(images, self.image)] if images and self.image is not None else []
        if not parts or (self.prompt is not None and usage is not None):
            if usage is None:
                return None
            cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
            tokens = (
                (usage.prompt_tokens - cached - written, self.prompt),
                (cached, self.cached),
                (written, self.cache_write),
                (usage.completion_tokens, self._find_completion(usage)),
            )
            parts += [(count / self.per, price) for count, price in tokens]
        total = 0.0
        for count, price in parts:
            if count and price is None:
                return None
            total += count * (price or 0.0)
        return total

    def _find_completion(self, usage: Usage) -> float | None:
        return self.thinking if self.thinking is not None and usage.reasoning_tokens else self.completion


def find_cost(price: Price | None, answer: ModelResponse) -> float | None:
    """What ``answer`` costs by ``price``; None where that is not known."""
    return None if price is None else price.find_cost(find_usage(answer), len(answer.image_urls or ()))


def find_batch_cost(price: Price | None, answer: ModelResponse) -> float | None:
    """What ``answer``, of a vendor's batch API, costs by ``price``; None where that is not known."""
    cost = find_cost(price, answer)
    return None if price is None or cost is None else cost * price.batch


def find_usage(answer: ModelResponse) -> Usage | None:
    """What ``answer`` has used; None where nothing is told, or no numbers, as servers may do."""
    usage = answer.usage
    if usage is None or not (
        type(usage.total_tokens) is type(usage.prompt_tokens) is type(usage.completion_tokens) is int
    ):
        return None
    return usage if type(usage.cached_tokens) is int or usage.cached_tokens is None else None
