"""Confidence intervals by the bootstrap: how much a figure would vary if the same test were made again.

Efron, Tibshirani, An Introduction to the Bootstrap, 1993.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

from modelhub.load.percentiles import find_percentile

REPEATS = 2000
CONFIDENCE = 95  # percent
_ENOUGH = 1000  # values to draw for a mean; of more, the spread is worked out from that of so many

Redraw = Callable[[Random], float]


def redraw_percentile(values: Sequence[float], percent: float) -> Redraw:
    """What a percentile would be if as many values were drawn again from ``values``.

    The ranks of what is drawn are those of uniform numbers, whose order statistics have beta distributions: two of
    them are drawn in place of all values.
    """
    ordered = sorted(values)
    size = len(ordered)
    rank = percent / 100 * (size - 1)
    low = math.floor(rank)
    share = rank - low

    def redraw(random: Random) -> float:
        at = random.betavariate(low + 1, size - low)
        below = ordered[min(int(at * size), size - 1)]
        if not share:
            return below
        at += (1 - at) * random.betavariate(1, size - low - 1)
        return below + (ordered[min(int(at * size), size - 1)] - below) * share

    return redraw


def redraw_mean(values: Sequence[float]) -> Redraw:
    """What the mean would be if as many values were drawn again from ``values``."""
    size = min(len(values), _ENOUGH)
    mean = math.fsum(values) / len(values)
    narrowed = math.sqrt(size / len(values))
    return lambda random: mean + (sum(random.choices(values, k=size)) / size - mean) * narrowed


def find_interval(before: Redraw, after: Redraw, seed: int = 0) -> tuple[float, float]:
    """Between which values the difference of two figures lies, with ``CONFIDENCE``."""
    random = Random(seed)
    drawn = sorted(after(random) - before(random) for _ in range(REPEATS))
    tail = (100 - CONFIDENCE) / 2
    return find_percentile(drawn, tail), find_percentile(drawn, 100 - tail)
