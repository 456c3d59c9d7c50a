"""What a mock server has seen: how many requests, of which models, how they ended, and how many at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """What was seen of batches: how many were handed in, with how many requests, and how those that are over ended.

    A batch that is handed in twice counts twice.
    """

    jobs: int = 0
    requests: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was seen until now, of all requests or of those for one model.

    ``most_in_flight`` is the most requests that were there at the same time, refused ones too. ``outcomes`` counts the
    requests that are over: "ok", the name of a fault ("500", "cut", ...), the limit that refused it ("concurrency",
    "rpm" or "tpm"), "refused" for a request that was not right, and "left" if the client went away before it was
    answered. ``models`` has the counts of each model; "" is for requests that name none. ``batches`` is about what was
    in batches, which the others do not count.
    """

    requests: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    models: Mapping[str, Counts] = field(default_factory=dict)
    batches: BatchCounts = field(default_factory=BatchCounts)

    def table(self) -> str:
        """The same as text, a line for each model: its requests, the most at a time, and how they ended."""
        rows = [("model", "requests", "at once", "outcomes")]
        for name, one in [*self.models.items(), *([("all", self)] if len(self.models) != 1 else [])]:
            rows.append((name or "-", str(one.requests), str(one.most_in_flight), _list(one.outcomes)))
        if self.batches.jobs:
            rows.append(("in batches", str(self.batches.requests), "-", _list(self.batches.outcomes)))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(
            f"{name.ljust(widths[0])}  {requests.rjust(widths[1])}  {most.rjust(widths[2])}  {ended}"
            for name, requests, most, ended in rows
        )

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON; those of one model have no ``models``, and without batches there are no ``batches``."""
        facts = {key: value for key, value in asdict(self).items() if key not in ("models", "batches")}
        batches = {"batches": asdict(self.batches)} if self.batches.jobs else {}
        models = {"models": {name: one.to_json() for name, one in self.models.items()}} if self.models else {}
        return facts | batches | models


def _list(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{outcome}: {count}" for outcome, count in outcomes.items()) or "-"


class _Counter:
    """The counts of one model, or of all, while they change."""

    def __init__(self) -> None:
        self.requests = 0
        self.in_flight = 0
        self.most = 0
        self.outcomes: Counter[str] = Counter()

    def begin(self) -> None:
        self.requests += 1
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)

    def end(self, outcome: str) -> None:
        self.in_flight -= 1
        self.outcomes[outcome] += 1

    def tell(self, models: Mapping[str, Counts] | None = None, batches: BatchCounts | None = None) -> Counts:
        outcomes = dict(self.outcomes)
        return Counts(self.requests, self.in_flight, self.most, outcomes, models or {}, batches or BatchCounts())


@dataclass(slots=True)
class Visit:
    """One request that is counted; ``outcome`` is what it will have been if it is answered to the end."""

    outcome: str = "refused"


class Tally:
    """Counts requests while they come and go; any thread may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._all = _Counter()
        self._models: dict[str, _Counter] = {}
        self._jobs: list[int] = []
        self._batched: Counter[str] = Counter()

    def is_at_most(self, model: str) -> bool:
        """Whether one more request for ``model`` would be more at a time than ever before."""
        with self._lock:
            counters = (self._all, self._models.get(model) or _Counter())
            return any(counter.in_flight >= counter.most for counter in counters)

    @contextmanager
    def count(self, model: str) -> Iterator[Visit]:
        """Count a request for as long as the context lasts."""
        visit = Visit()
        with self._lock:
            counters = (self._all, self._models.setdefault(model, _Counter()))
            for counter in counters:
                counter.begin()
        try:
            yield visit
        except BaseException:
            visit.outcome = "left" if visit.outcome == "ok" else visit.outcome
            raise
        finally:
            with self._lock:
                for counter in counters:
                    counter.end(visit.outcome)

    def count_job(self, requests: int) -> None:
        """Count a batch of so many requests that was handed in."""
        with self._lock:
            self._jobs.append(requests)

    def count_batched(self, outcome: str) -> None:
        """Count a request of a batch that is over."""
        with self._lock:
            self._batched[outcome] += 1

    def tell(self) -> Counts:
        """What was counted until now."""
        with self._lock:
            batches = BatchCounts(len(self._jobs), sum(self._jobs), dict(self._batched))
            return self._all.tell({name: counter.tell() for name, counter in self._models.items()}, batches)
