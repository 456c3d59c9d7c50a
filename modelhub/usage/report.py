"""What calls have used and cost, summed by model, config, tag or day."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from modelhub.diagnostics.wording import suggest_name
from modelhub.errors import ModelHubError
from modelhub.printable import printable, shorten
from modelhub.secrets import scrub
from modelhub.stores.address import Address
from modelhub.stores.usage_stores import Database, open_database, parse_usage
from modelhub.usage.since import Since, parse_since

PATIENCE = 10.0  # seconds to wait for a database in use
_QUARTER = 900  # seconds: a day begins at a quarter of an hour of UTC in every time zone

# By what calls are grouped: the expression of SQL, and the groups that a value of it belongs to.
_WAYS: dict[str, tuple[str, Callable[[Any], Iterable[str | None]]]] = {
    "model": ("model", lambda value: (value,)),
    "config": ("config_name", lambda value: (value,)),
    "tag": ("tags", lambda value: json.loads(value) or (None,)),
    "day": ("", lambda value: (_find_day(value),)),
}
WAYS = tuple(_WAYS)
_SUMS = (
    "count(*), sum(CASE WHEN error IS NULL THEN 0 ELSE 1 END), coalesce(sum(prompt_tokens), 0),"
    " coalesce(sum(completion_tokens), 0), coalesce(sum(cached_tokens), 0), sum(cost)"
)


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = None

    def add(self, counts: Iterable[Any], cost: float | None) -> None:
        names = ("calls", "errors", "prompt_tokens", "completion_tokens", "cached_tokens")
        for name, count in zip(names, counts, strict=True):
            setattr(self, name, getattr(self, name) + int(count))
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost


@dataclass(slots=True)
class _Group:
    by_currency: dict[str | None, _Sum] = field(default_factory=dict)

    def settle(self) -> dict[str | None, _Sum]:
        """The sums by currency; calls without one are with those of the currency that most calls have."""
        rest = self.by_currency.pop(None, None)
        if rest is not None and self.by_currency:
            most = max(sorted(map(str, self.by_currency)), key=lambda each: self.by_currency[each].calls)
            counts = (rest.calls, rest.errors, rest.prompt_tokens, rest.completion_tokens, rest.cached_tokens)
            self.by_currency[most].add(counts, rest.cost)
        elif rest is not None:
            return {None: rest}
        return self.by_currency


def read_usage(observers: Iterable[Any], by: str, since: Since) -> list[dict[str, Any]]:
    """The report of the first of ``observers`` that keeps usage; without one, that of the usual store."""
    for observer in observers:
        list_usage: Any = getattr(observer, "list_usage", None)
        if list_usage is not None:
            found: list[dict[str, Any]] = list_usage(by, since)
            return found
    return read_report(parse_usage(None), by, since)


def read_report(address: Address, by: str, since: Since) -> list[dict[str, Any]]:
    """What the calls in a database have used since then, a row for each group and currency; empty if there is none.

    The sum of the costs that are known is ``cost``, None where none is. Raises ValueError for another ``by`` than
    model, config, tag or day, and for a ``since`` that is no time; ModelHubError for a database that cannot be read.
    """
    if by not in _WAYS:
        raise ValueError(f"usage is by model, config, tag or day, not by {by!r}; {suggest_name(by, WAYS, 'groups')}")
    start = parse_since(since, time.time())
    database = open_database(address, PATIENCE)
    try:
        found = _select(database, by, start) if database.exists() else []
    except Exception as error:
        why = shorten(printable(scrub(str(error), address.secrets)), 300)
        raise ModelHubError(f"the usage store {address.shown} cannot be read: {type(error).__name__}: {why}") from error
    finally:
        database.close()
    return _build_rows(by, found)


def _select(database: Database, by: str, start: float) -> list[Any]:
    key = _WAYS[by][0] or database.quarters
    query = f"SELECT {key}, currency, {_SUMS} FROM calls WHERE time >= ? GROUP BY 1, 2"
    return database.use(lambda base: list(base.execute(query, (start,)).fetchall()))


def _build_rows(by: str, found: Iterable[Any]) -> list[dict[str, Any]]:
    groups: dict[str | None, _Group] = {}
    split = _WAYS[by][1]
    for key, currency, *counts, cost in found:
        for name in split(key):
            group = groups.setdefault(name, _Group())
            group.by_currency.setdefault(currency, _Sum()).add(counts, cost)
    return [
        {
            by: name,
            "calls": each.calls,
            "errors": each.errors,
            "prompt_tokens": each.prompt_tokens,
            "completion_tokens": each.completion_tokens,
            "cached_tokens": each.cached_tokens,
            "cost": None if each.cost is None else float(f"{each.cost:.12g}"),
            "currency": currency,
        }
        for name in sorted(groups, key=lambda name: (name is None, name or ""))
        for currency, each in sorted(groups[name].settle().items(), key=lambda pair: pair[0] or "")
    ]


def _find_day(quarter: Any) -> str:
    """The day in the time zone of $TZ that a quarter of an hour belongs to."""
    return time.strftime("%Y-%m-%d", time.localtime(int(quarter) * _QUARTER))
