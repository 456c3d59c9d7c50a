"""What was spent of budgets, in the database of usage."""

from __future__ import annotations

from modelhub.policies.budget import Period, Spent
from modelhub.stores.address import Address
from modelhub.stores.usage_stores import open_database

_READ = "SELECT usd, tokens FROM budgets WHERE name = ? AND period = ?"
_CHARGE = (
    "INSERT INTO budgets (name, period, usd, tokens) VALUES (?, ?, ?, ?) ON CONFLICT (name, period)"
    " DO UPDATE SET usd = budgets.usd + excluded.usd, tokens = budgets.tokens + excluded.tokens"
)


class UsageLedger:
    """Keeps a row for each period of a budget. It raises what the database raises."""

    def __init__(self, address: Address) -> None:
        self._reader = open_database(address)  # two, so that nobody who reads waits for who writes
        self._writer = open_database(address)

    def read(self, key: str, period: Period) -> Spent:
        """What was spent in a period."""
        row = self._reader.use(lambda base: base.execute(_READ, (key, period.name)).fetchone())
        return Spent() if row is None else Spent(*row)

    def charge(self, key: str, period: Period, spent: Spent) -> None:
        """Add to what was spent in a period."""
        self._writer.use(lambda base: base.execute(_CHARGE, (key, period.name, *spent)))

    def close(self) -> None:
        """Close the database."""
        self._reader.close()
        self._writer.close()
