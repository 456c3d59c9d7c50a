"""The mean, the percentiles and the largest of measured values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

PERCENTS = (50, 90, 95, 99)
NAMES = ("mean", *(f"p{percent}" for percent in PERCENTS), "max")


def find_percentile(ordered: Sequence[float], percent: float) -> float:
    """The value below which so many percent of ``ordered`` are, by linear interpolation between the two nearest."""
    rank = percent / 100 * (len(ordered) - 1)
    low = math.floor(rank)
    high = math.ceil(rank)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def summarize(values: Iterable[float]) -> dict[str, float | None]:
    """The values called ``NAMES``; None for all of them where nothing was measured."""
    ordered = sorted(values)
    if not ordered:
        return dict.fromkeys(NAMES)
    percentiles = (find_percentile(ordered, percent) for percent in PERCENTS)
    return dict(zip(NAMES, (math.fsum(ordered) / len(ordered), *percentiles, ordered[-1]), strict=True))
