"""What was spent of budgets, in Redis, which processes and machines share."""

from __future__ import annotations

import math
from typing import Any

from modelhub.policies.budget import Period, Spent
from modelhub.stores.redis import connect

PREFIX = "modelhub:budget:"
TIMEOUT = 0.5  # seconds, so that reading and charging hold up a call for one at most
_KEPT = 86_400  # seconds for which a period that is over can be looked at


class RedisLedger:
    """Keeps each period of a budget under a key of its own, which Redis drops a day after its end.

    It raises what redis-py raises.
    """

    def __init__(self, url: str) -> None:
        self._client: Any = connect(url, TIMEOUT)

    def read(self, key: str, period: Period) -> Spent:
        """What was spent in a period."""
        usd, tokens = self._client.hmget(_name(key, period), "usd", "tokens")
        return Spent(float(usd or 0), int(float(tokens or 0)))

    def charge(self, key: str, period: Period, spent: Spent) -> None:
        """Add to what was spent in a period."""
        name = _name(key, period)
        with self._client.pipeline(transaction=True) as together:
            together.hincrbyfloat(name, "usd", spent.usd)
            together.hincrby(name, "tokens", spent.tokens)
            if period.end is not None:
                together.expireat(name, math.ceil(period.end) + _KEPT)
            together.execute()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._client.connection_pool.disconnect()


def _name(key: str, period: Period) -> str:
    return f"{PREFIX}{key}:{period.name}"
