"""A store that may fail, made one that never does: it costs no more than the hit."""

from __future__ import annotations

from modelhub.policies.storing import Store
from modelhub.stores.address import Address
from modelhub.stores.outages import Outage, Outages

_WHAT = "the store %s fails, and the calls go on without it: %s: %s"


class GuardedStore:
    """Asks another store; while that fails nothing is found and nothing kept, which is logged once.

    A store that has failed is left alone for a while, so that one that is out of reach does not hold up each call.
    Reading and writing fail apart: a disk that is full can be read.
    """

    def __init__(self, address: Address, store: Store) -> None:
        self.blocking = store.blocking
        self._store = store
        self._reading = Outage()
        self._writing = Outage()
        self._outages = Outages(address, _WHAT, self._reading, self._writing)

    def get(self, key: str, now: float) -> bytes | None:
        """What was put under ``key`` and has not expired; None, too, while the store fails."""
        if not self._outages.may_try(self._reading, now):
            return None
        try:
            value = self._store.get(key, now)
        except Exception as error:
            self._outages.fail(self._reading, now, error)
            return None
        self._outages.succeed(self._reading)
        return value

    def put(self, key: str, value: bytes, now: float, expires: float) -> None:
        """Keep ``value`` until ``expires``, unless the store fails."""
        if expires <= now or not self._outages.may_try(self._writing, now):
            return
        try:
            self._store.put(key, value, now, expires)
        except Exception as error:
            self._outages.fail(self._writing, now, error)
        else:
            self._outages.succeed(self._writing)

    def close(self) -> None:
        """Close the store; from then on nothing is found and nothing is kept."""
        self._outages.close()
        try:
            self._store.close()
        except Exception as error:
            self._outages.tell(error)
