"""How quick a model was of late: averages over the last minute."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.routing.loads import MOST, WINDOW, Latencies, find_timeout

STEPS = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 600)), max_size=60)


@given(STEPS)
def test_the_average_is_that_of_the_last_minute(steps: list[tuple[float, float]]) -> None:
    latencies = Latencies()
    now, noted = 1000.0, []
    for pause, seconds in steps:
        now += pause
        latencies.note(now, seconds)
        noted.append((now, seconds))
        recent = [seconds for at, seconds in noted if at > now - WINDOW]
        assert latencies.average(now) == pytest.approx(sum(recent) / len(recent), abs=1e-9)
    assert latencies.average(now + WINDOW + 1) is None


def test_only_so_many_are_remembered() -> None:
    latencies = Latencies()
    for n in range(3 * MOST):
        latencies.note(1.0, float(n))
    assert latencies.average(1.0) == pytest.approx(sum(range(2 * MOST, 3 * MOST)) / MOST)


TIMEOUTS: list[tuple[dict[str, Any], float]] = [
    ({}, 600.0),
    ({"timeout": 30}, 30.0),
    ({"timeout": None, "default_timeout": 120.0}, 120.0),
    ({"timeout": None, "client_args": {"timeout": 20}}, 20.0),
    ({"timeout": {"connect": 2, "first_token": 10, "idle": 30, "total": 60}}, 10.0),
    ({"timeout": {"total": 60, "idle": 30}}, 60.0),
    ({"timeout": {"connect": 2}}, 600.0),
    ({"timeout": "${SECONDS}"}, 600.0),
    ({"home": SimpleNamespace(bounds={"total": 5.0})}, 5.0),
    ({"home": SimpleNamespace(bounds={})}, 600.0),
]


@pytest.mark.parametrize(("fields", "seconds"), TIMEOUTS)
def test_what_a_failure_counts_for(fields: dict[str, Any], seconds: float) -> None:
    assert find_timeout(SimpleNamespace(**fields)) == seconds
