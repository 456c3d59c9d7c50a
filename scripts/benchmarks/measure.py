"""Comparing two costs: rounds that take turns, so that whatever else the machine does falls on both."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: the cheapest cost of each side, and what modelhub's amounts to beside the other's.

    ``ratio`` is that of the cheapest rounds and ``ratio_of_pairs`` the median over neighbouring rounds; where
    ``kind`` is "difference" both are the milliseconds that modelhub adds, where it is "absolute" the seconds it takes.
    """

    what: str
    competitor: str
    competitor_cost: float
    modelhub_cost: float
    unit: Literal["us", "ms"]
    ratio: float
    ratio_of_pairs: float
    target: float
    kind: Literal["ratio", "difference", "absolute"] = "ratio"

    @property
    def ok(self) -> bool:
        return self.ratio <= self.target

    def describe(self) -> dict[str, Any]:
        """This row as JSON types."""
        return {**asdict(self), "ok": self.ok}

    def cells(self) -> tuple[str, ...]:
        """This row as the cells of a table."""
        form = {"ratio": "{:.2f}", "difference": "{:+.1f} ms", "absolute": "{:.2f} s"}[self.kind]
        costs = [f"{cost:.1f} {self.unit}" for cost in (self.competitor_cost, self.modelhub_cost)]
        ratios = [form.format(ratio) for ratio in (self.ratio, self.ratio_of_pairs)]
        return (
            self.what,
            f"{self.competitor}: {costs[0]}",
            costs[1],
            *ratios,
            f"<= {form.format(self.target)}",
            "yes" if self.ok else "NO",
        )


def compare(
    what: str,
    competitor: str,
    theirs: Callable[[], object],
    ours: Callable[[], object],
    *,
    units: int,
    rounds: int,
    target: float,
) -> Row:
    """Run both in turns and compare their CPU time for each of the ``units`` that one round consists of."""
    theirs()
    ours()
    pairs = [(take_cpu_time(theirs) / units, take_cpu_time(ours) / units) for _ in range(rounds)]
    best = [min(costs) for costs in zip(*pairs, strict=True)]
    return Row(
        what,
        competitor,
        competitor_cost=best[0] * 1e6,
        modelhub_cost=best[1] * 1e6,
        unit="us",
        ratio=best[1] / best[0],
        ratio_of_pairs=median(mine / other for other, mine in pairs),
        target=target,
    )


def take_cpu_time(run: Callable[[], object]) -> float:
    """The seconds of CPU that ``run`` takes in this process, all threads together."""
    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start
