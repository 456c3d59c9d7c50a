"""What was spent of budgets, in the database of usage."""

from __future__ import annotations

from modelhub.policies.budget import Period, Spent
from modelhub.stores.usage_database import open_usage

_READ = "SELECT usd, tokens FROM budgets WHERE name = ? AND period = ?"
_CHARGE = (
    "INSERT INTO budgets (name, period, usd, tokens) VALUES (?, ?, ?, ?) ON CONFLICT (name, period)"
    " DO UPDATE SET usd = usd + excluded.usd, tokens = tokens + excluded.tokens"
)


class SQLiteLedger:
    """Keeps a row for each period of a budget. It raises what sqlite3 and the file system raise."""

    def __init__(self, path: str) -> None:
        self._reader = open_usage(path)  # two, so that nobody who reads waits for who writes
        self._writer = open_usage(path)

    def read(self, key: str, period: Period) -> Spent:
        """What was spent in a period."""
        row = self._reader.use(lambda base: base.execute(_READ, (key, period.name)).fetchone())
        return Spent() if row is None else Spent(*row)

    def charge(self, key: str, period: Period, spent: Spent) -> None:
        """Add to what was spent in a period."""
        self._writer.use(lambda base: base.execute(_CHARGE, (key, period.name, *spent)))

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()
