"""Where what was spent of budgets is kept: in this process, in a database, or in Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from modelhub.locks import Lock
from modelhub.policies.budget import Period, Spent
from modelhub.stores.address import Address, parse_address
from modelhub.stores.opening import require_redis
from modelhub.stores.outages import Outage, Outages
from modelhub.stores.usage_stores import parse_usage

if TYPE_CHECKING:
    from modelhub.policies.budgeting import Ledger

_WHAT = "what was spent cannot be read from or written to %s, and calls go on; it is written later: %s: %s"


class MemoryLedger:
    """Keeps what this process spends."""

    blocking = False

    def __init__(self) -> None:
        self._lock = Lock()
        self._spent: dict[str, tuple[str, Spent]] = {}  # of the last period of each budget

    def read(self, key: str, period: Period) -> Spent:
        """What was spent in a period."""
        name, spent = self._spent.get(key, ("", Spent()))
        return spent if name == period.name else Spent()

    def charge(self, key: str, period: Period, spent: Spent) -> None:
        """Add to what was spent in a period; one that is over already is forgotten."""
        with self._lock:
            name, before = self._spent.get(key, ("", Spent()))
            if name > period.name:
                return
            self._spent[key] = period.name, add(before, spent) if name == period.name else spent

    def close(self) -> None:
        """Nothing is open."""


class FallibleLedger(Protocol):
    """A ledger that raises an exception where its database fails."""

    def read(self, key: str, period: Period) -> Spent:
        """What was spent in a period."""
        ...

    def charge(self, key: str, period: Period, spent: Spent) -> None:
        """Add to what was spent in a period."""

    def close(self) -> None:
        """Let go of files and connections."""


class GuardedLedger:
    """Asks another ledger; while that fails calls go on, which is logged once.

    What is spent meanwhile is counted in this process, over what was last known, and written as soon as it can be. A
    ledger that has failed is left alone for a while, so that it does not hold up each call.
    """

    blocking = True

    def __init__(self, address: Address, ledger: FallibleLedger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._asking = Outage()
        self._outages = Outages(address, _WHAT, self._asking)
        self._lock = Lock()
        self._known: dict[str, tuple[Period, Spent]] = {}  # as it was last read
        self._owed: dict[tuple[str, Period], Spent] = {}

    def read(self, key: str, period: Period) -> Spent:
        """What was spent in a period, as far as it is known; before that, what is owed is written."""
        if self._outages.may_try(self._asking, self._clock()):
            try:
                self._pay()
                self._known[key] = period, self._ledger.read(key, period)
            except Exception as error:
                self._outages.fail(self._asking, self._clock(), error)
            else:
                self._outages.succeed(self._asking)
        then, known = self._known.get(key, (period, Spent()))
        return add(known if then == period else Spent(), self._owed.get((key, period), Spent()))

    def charge(self, key: str, period: Period, spent: Spent) -> None:
        """Add to what was spent in a period."""
        self._owe(key, period, spent)
        if self._outages.may_try(self._asking, self._clock()):
            try:
                self._pay()
            except Exception as error:
                self._outages.fail(self._asking, self._clock(), error)
            else:
                self._outages.succeed(self._asking)

    def close(self) -> None:
        """Write what is owed, if that works at once, and close the ledger."""
        try:
            self._pay()
            self._ledger.close()
        except Exception as error:
            self._outages.tell(error)
        self._outages.close()

    def _owe(self, key: str, period: Period, spent: Spent) -> None:
        with self._lock:
            self._owed[key, period] = add(self._owed.get((key, period), Spent()), spent)

    def _pay(self) -> None:
        """Write what is owed; what cannot be written stays so."""
        while self._owed:
            with self._lock:
                if not self._owed:
                    return
                (key, period), spent = self._owed.popitem()
            try:
                self._ledger.charge(key, period, spent)
            except BaseException:
                self._owe(key, period, spent)
                raise


def add(one: Spent, other: Spent) -> Spent:
    """The sum of two."""
    return Spent(one.usd + other.usd, one.tokens + other.tokens)


def open_ledger(text: str | None) -> Ledger:
    """The ledger that ``text`` names, that in the store of usage without one; it connects when it is first asked.

    Raises ValueError for a text that names none, and PluginError where its library is not installed.
    """
    address = parse_usage() if text is None else parse_address(text)
    if address.scheme == "memory":
        return MemoryLedger()
    if address.scheme in ("sqlite", "postgresql"):
        from modelhub.stores.usage_ledger import UsageLedger

        return GuardedLedger(address, UsageLedger(address))
    require_redis(address)
    from modelhub.stores.redis_ledger import RedisLedger

    return GuardedLedger(address, RedisLedger(address.place))
