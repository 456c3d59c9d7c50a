"""Opens stores by their texts; those of one registry are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelhub.errors import PluginError
from modelhub.locks import Lock
from modelhub.policies.limits import Limits
from modelhub.policies.storing import Store
from modelhub.stores.address import Address, parse_address
from modelhub.stores.guarded import GuardedStore
from modelhub.stores.memory import MemoryStore

if TYPE_CHECKING:
    from modelhub.stores.shared_limiter import SharedLimiter

MAX_ENTRIES = 10_000


def open_store(text: str, max_entries: int = MAX_ENTRIES) -> Store:
    """The store that ``text`` names; it connects when it is first asked.

    Raises ValueError for a text that names none, and PluginError where its library is not installed.
    """
    return _open(parse_address(text), max_entries)


def _open(address: Address, max_entries: int) -> Store:
    if address.scheme == "memory":
        return MemoryStore(max_entries)
    if address.scheme == "sqlite":
        from modelhub.stores.sqlite import SQLiteStore

        return GuardedStore(address, SQLiteStore(address.place, max_entries))
    try:
        from modelhub.stores.redis import RedisStore
    except ImportError as error:
        raise _build_missing(address, f" ({error})") from None
    return GuardedStore(address, RedisStore(address.place))


def open_limiter(limits: Limits, name: str) -> SharedLimiter | None:
    """The limiter that ``limits`` share between processes, of the config called ``name``; None if they share none.

    It connects when it is first asked. Raises ValueError for a store that cannot hold it, and PluginError where its
    library is not installed.
    """
    address = parse_address(limits.store)
    if address.scheme == "memory":
        return None
    if address.scheme not in ("redis", "rediss"):
        raise ValueError("limits are kept in memory, or shared through redis://host:port/db")
    from modelhub.stores.shared_limiter import SharedLimiter

    require_redis(address)
    return SharedLimiter(limits, limits.group or name, address)


def require_redis(address: Address) -> None:
    """Raise PluginError if the library that asks Redis is not installed; importing it would take a while."""
    from importlib.util import find_spec

    if find_spec("redis") is None:
        raise _build_missing(address)


def _build_missing(address: Address, why: str = "") -> PluginError:
    how = "pip install redis"
    return PluginError(f"the store {address.shown} needs the library redis: {how}{why}")


class Stores:
    """The stores of one registry: whoever names the same place has the same store."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[Address, Store] = {}

    def open(self, text: str, max_entries: int = MAX_ENTRIES) -> Store:
        """The store that ``text`` names, opened when it is first named; raises what ``open_store`` raises.

        Of several ``max_entries`` for one store the first counts.
        """
        address = parse_address(text)
        with self._lock:
            store = self._open.get(address)
            if store is None:
                store = self._open[address] = _open(address, max_entries)
            return store

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            stores, self._open = list(self._open.values()), {}
        for store in stores:
            store.close()
