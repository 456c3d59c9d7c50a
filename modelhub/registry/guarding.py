"""Builds what stands around the calls of a model: its limits, its circuit breaker, its batches and its cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelhub.engine.single_flight import Flights
from modelhub.errors import ConfigError, Problem
from modelhub.locks import Lock
from modelhub.policies.acquiring import SharedPlaces
from modelhub.policies.batching import Batches
from modelhub.policies.breaker import Breaker, Thresholds
from modelhub.policies.budget import Budget
from modelhub.policies.budgeting import Account, Ledger
from modelhub.policies.caching import Cache, Landed
from modelhub.policies.limiter import Limiter
from modelhub.policies.limits import Limits
from modelhub.policies.stack import Guards
from modelhub.policies.storing import Store
from modelhub.secrets import Types, resolve
from modelhub.stores import MAX_ENTRIES, Stores, open_limiter
from modelhub.stores.ledgers import open_ledger
from modelhub.validation.schema.for_registry import GUARDS

_TTL = 3600.0
Group = Callable[[str, str], Mapping[str, Any]]


class Guarding:
    """What the configs of one registry share: limiters by group, stores by address.

    ``find_group`` gives what the configs of a group say for a key.
    """

    def __init__(self, find_group: Group) -> None:
        self._find_group = find_group
        self._lock = Lock()
        self._limiters: dict[str, tuple[Limiter, SharedPlaces | None]] = {}
        self._shared: list[SharedPlaces] = []
        self._accounts: dict[str, Account] = {}
        self._ledgers: dict[str | None, Ledger] = {}
        self._stores = Stores()
        self._flights: dict[str, Flights[Landed]] = {}

    def build(
        self, config: Mapping[str, Any], types: Types | None, place: Callable[[Problem], Problem] | None
    ) -> Guards | None:
        """What ``config`` asks for; None if that is nothing. A store is opened when it is first asked.

        ``types`` are those of its references. Raises ConfigError for one that has no value; ``place`` adds to a problem
        its place in a file.
        """
        where = f"config {config['config_name']!r}"
        given = {key: config[key] for key in GUARDS if config.get(key) is not None}
        if not given:
            return None
        try:
            said = {key: resolve(value, where=where, path=(key,), types=types) for key, value in given.items()}
        except ConfigError as error:
            raise ConfigError([place(problem) if place else problem for problem in error.problems]) from None
        keys = ("limits", "circuit_breaker", "cache", "batch", "budget")
        limits, breaker, cache, batch, budget = (said.get(key) for key in keys)
        limiter, shared = None, None
        if limits is not None:
            limiter, shared = self._build_limiter(where, config["config_name"], limits)
        return Guards(
            cache=None if cache is None else self._build_cache(where, cache),
            batches=None if batch is None else Batches(**batch),
            breaker=None if breaker is None else Breaker(Thresholds(**breaker)),
            limiter=limiter,
            shared=shared,
            account=self._build_account(where, config["config_name"], budget) if isinstance(budget, dict) else None,
        )

    def close(self) -> None:
        """Close the stores, and give back what is shared."""
        self._stores.close()
        for shared in self._shared:
            shared.close()
        for ledger in self._ledgers.values():
            ledger.close()

    def _build_limiter(self, where: str, name: str, said: Mapping[str, Any]) -> tuple[Limiter, SharedPlaces | None]:
        """The limiter of this process, and the one that it shares with others, if it does."""
        group = said.get("group")
        limits = Limits(**{**(self._find_group("limits", group) if group is not None else {}), **said})
        if group is None:
            return Limiter(limits), self._open_shared(where, limits, name)
        with self._lock:
            pair = self._limiters.get(group)
            if pair is None:
                pair = self._limiters[group] = Limiter(limits), self._open_shared(where, limits, name)
            elif pair[0].limits != limits:
                pair[0].change(limits)
                if pair[1] is not None:
                    pair[1].limits = limits
            return pair

    def _open_shared(self, where: str, limits: Limits, name: str) -> SharedPlaces | None:
        if limits.store == "memory":
            return None
        try:
            shared = open_limiter(limits, name)
        except ValueError as error:
            raise ConfigError([Problem("MH203", f"{where}: {error}", path=("limits", "store"))]) from None
        if shared is not None:
            self._shared.append(shared)
        return shared

    def _build_account(self, where: str, name: str, said: Mapping[str, Any]) -> Account:
        group = said.get("group")
        budget = Budget(**{**(self._find_group("budget", group) if group is not None else {}), **said})
        with self._lock:
            ledger = self._ledgers.get(budget.store)
            if ledger is None:
                try:
                    ledger = self._ledgers[budget.store] = open_ledger(budget.store)
                except ValueError as error:
                    raise ConfigError([Problem("MH203", f"{where}: {error}", path=("budget", "store"))]) from None
            if group is None:
                return Account(budget, name, ledger)
            account = self._accounts.get(group)
            if account is None or account.ledger is not ledger:
                account = self._accounts[group] = Account(budget, group, ledger)
            account.budget = budget
            return account

    def _build_cache(self, where: str, said: Mapping[str, Any]) -> Cache:
        text, most = said.get("store", "memory"), said.get("max_entries", MAX_ENTRIES)

        def open() -> Store:
            try:
                return self._stores.open(text, most)
            except ValueError as error:
                raise ConfigError([Problem("MH203", f"{where}: {error}", path=("cache", "store"))]) from None

        with self._lock:
            flights = self._flights.setdefault(text, Flights())
        return Cache(open, said.get("ttl", _TTL), flights)
