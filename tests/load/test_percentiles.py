"""Percentiles are exact: those of linear interpolation between the two nearest values."""

from __future__ import annotations

import statistics
from random import Random

import pytest

from modelhub.load.percentiles import NAMES, find_percentile, summarize


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 99, 7.0),
        ([1.0, 2.0], 50, 1.5),
        ([1.0, 2.0, 3.0, 4.0], 0, 1.0),
        ([1.0, 2.0, 3.0, 4.0], 100, 4.0),
        ([1.0, 2.0, 3.0, 4.0], 90, 3.7),
        ([float(n) for n in range(101)], 95, 95.0),
        ([0.0, 10.0], 99, 9.9),
    ],
)
def test_by_hand(values: list[float], percent: float, expected: float) -> None:
    assert find_percentile(values, percent) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("size", [2, 3, 10, 99, 100, 101, 1000])
def test_as_the_standard_library_has_them(size: int) -> None:
    values = [Random(size).lognormvariate(0, 1) for _ in range(size)]
    expected = statistics.quantiles(values, n=100, method="inclusive")
    found = [find_percentile(sorted(values), percent) for percent in range(1, 100)]
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_summary() -> None:
    assert summarize([3.0, 1.0, 2.0]) == {"mean": 2, "p50": 2, "p90": 2.8, "p95": 2.9, "p99": 2.98, "max": 3}


def test_nothing_was_measured() -> None:
    assert summarize([]) == dict.fromkeys(NAMES)
