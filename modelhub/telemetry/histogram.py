"""A histogram of seconds in little memory, whose percentiles are right to one part in a hundred."""

from __future__ import annotations

from itertools import accumulate
from math import ceil, floor, log

_ERROR = 0.009
_GAMMA = (1 + _ERROR) / (1 - _ERROR)
_SCALE = 1 / log(_GAMMA)
_LEAST = 1e-9  # seconds
_MOST = 1e9


class Histogram:
    """Counts of values in buckets whose widths grow with the values.

    The buckets are those of DDSketch (Masson, Rim, Lee 2019, https://arxiv.org/abs/1908.10693), of which there are at
    most 2,304 between a nanosecond and thirty years.
    """

    __slots__ = ("_counts", "count", "total")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one value."""
        if not _LEAST < seconds < _MOST:
            seconds = min(max(seconds, _LEAST), _MOST)
        bucket = ceil(log(seconds) * _SCALE)
        counts = self._counts
        counts[bucket] = counts.get(bucket, 0) + 1
        self.count += 1
        self.total += seconds

    def find_percentiles(self, *percents: float) -> list[float | None]:
        """The values below which so many percent are, by linear interpolation; None where nothing was counted."""
        if not self.count:
            return [None for _ in percents]
        buckets = sorted(self._counts.items())
        found: list[float | None] = []
        for percent in percents:
            rank = percent / 100 * (self.count - 1)
            low = _find_value(buckets, floor(rank))
            high = _find_value(buckets, ceil(rank))
            found.append(low + (high - low) * (rank - floor(rank)))
        return found


def _find_value(buckets: list[tuple[int, int]], rank: int) -> float:
    """The value of that rank, from 0."""
    ends = accumulate(count for _, count in buckets)
    bucket = next(bucket for (bucket, _), end in zip(buckets, ends, strict=True) if end > rank)
    value: float = 2 * _GAMMA**bucket / (_GAMMA + 1)
    return value
