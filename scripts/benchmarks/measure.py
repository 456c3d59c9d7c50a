"""Comparing costs: rounds in which all take turns, so that whatever else the machine does falls on each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Cost = Callable[[], float]
"""Does a round's work, and returns the seconds of CPU that one of its units took."""


@dataclass(frozen=True, slots=True)
class Row:
    """What modelhub's cost amounts to beside another's, both medians over the rounds.

    ``ratio`` is the median of the ratios within each round. Where ``kind`` is "added", modelhub's cost contains the
    other's, and ``ratio`` is what it adds, in ``unit``.
    """

    what: str
    beside: str
    cost: float
    modelhub_cost: float
    unit: Literal["us", "ms", "MB"]
    ratio: float
    goal: float | None = None
    kind: Literal["ratio", "added"] = "ratio"

    @property
    def ok(self) -> bool | None:
        """Whether the goal is met, if there is one."""
        return None if self.goal is None else self.ratio <= self.goal

    def describe(self) -> dict[str, Any]:
        """This row as JSON types."""
        return {**asdict(self), "ok": self.ok}


@dataclass(frozen=True, slots=True)
class Rival:
    """Whom modelhub is measured beside: what it is called, what its round costs, and the ratio that is hoped for."""

    name: str
    cost: Cost
    goal: float | None = None


def compare(
    what: str,
    ours: Cost,
    rivals: list[Rival],
    *,
    rounds: int,
    unit: Literal["us", "ms"],
    bare: Cost | None = None,
) -> Iterator[Row]:
    """A row for each rival; costs of which ``bare`` is a part are told without it."""
    contestants = [ours, *(rival.cost for rival in rivals)]
    for contestant in contestants:
        contestant()  # opens connections and brings files into memory
    mine, *others = zip(*(_take_round(contestants, number, bare) for number in range(rounds)), strict=True)
    scale = {"us": 1e6, "ms": 1e3}[unit]
    for rival, other in zip(rivals, others, strict=True):
        ratio = median(here / there for here, there in zip(mine, other, strict=True))
        yield Row(what, rival.name, median(other) * scale, median(mine) * scale, unit, ratio, rival.goal)


def _take_round(contestants: list[Cost], number: int, bare: Cost | None) -> list[float]:
    """The cost of each, every round in another order."""
    floor = bare() if bare else 0.0
    costs = [0.0] * len(contestants)
    for turn in range(len(contestants)):
        place = (turn + number) % len(contestants)
        costs[place] = contestants[place]() - floor
    return costs
