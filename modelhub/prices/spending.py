"""What the parts of a call have cost together."""

from __future__ import annotations


class Spending:
    """Sums of tokens and of amounts; those of different currencies are never added."""

    __slots__ = ("amounts", "is_known", "tokens")

    def __init__(self) -> None:
        self.amounts: dict[str, float] = {}
        self.is_known = True  # what every part has cost
        self.tokens = 0

    def add(self, cost: float | None, currency: str | None, tokens: int) -> None:
        """Add a part; one that costs nothing needs no currency."""
        self.tokens += tokens
        if cost is None:
            self.is_known = False
        elif currency is not None:
            self.amounts[currency] = self.amounts.get(currency, 0.0) + cost

    def add_all(self, other: Spending) -> None:
        """Add a part that has parts itself."""
        self.tokens += other.tokens
        self.is_known = self.is_known and other.is_known
        for currency, amount in other.amounts.items():
            self.amounts[currency] = self.amounts.get(currency, 0.0) + amount

    @property
    def cost(self) -> float | None:
        """The sum; None where it is not known or in more than one currency."""
        if not self.is_known or len(self.amounts) > 1:
            return None
        return sum(self.amounts.values())

    @property
    def currency(self) -> str | None:
        """The currency of the sum; None where there is no one currency."""
        return next(iter(self.amounts)) if len(self.amounts) == 1 else None
