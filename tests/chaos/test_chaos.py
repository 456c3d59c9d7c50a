"""Chaos on a small scale, and what the harness would say if something were wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from .harness.calling import PLACES
from .harness.judging import Tally, find_problems
from .harness.running import run


@pytest.mark.parametrize("tasks", [False, True])
def test_nothing_is_lost_duplicated_or_left_over(tasks: bool) -> None:
    report = run(16, 0, least=20, tasks=tasks, timeout=0.5)
    assert report.problems == []
    assert report.seen.calls["answered"] > 50
    assert report.seen.by_model.keys() == PLACES.keys()
    assert {"ok", "429", "500", "cut"} <= report.seen.attempts.keys()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, []),
        ({"in_flight": 1}, ["1 requests are still under way"]),
        ({"most_in_flight": 3}, ["the server saw 3 requests at a time, not 2"]),
        ({"models": {"m": {"requests": 4}}}, ["the calls tell of the attempts {'m': 3}, the server of {'m': 4}"]),
        ({"outcomes": {"ok": 1, "left": 1, "500": 1}}, []),  # an answer that came too late
        ({"outcomes": {"ok": 2, "500": 1}}, []),
        ({"outcomes": {"ok": 1, "hang": 1, "500": 1, "left": 1}}, ["the calls tell of the outcomes"]),
        ({"outcomes": {"hang": 2, "500": 1}}, ["the calls tell of the outcomes"]),
        ({"outcomes": {"ok": 3}}, ["the calls tell of the outcomes"]),
        ({"outcomes": {"ok": 1, "hang": 1, "cut": 1}}, ["the calls tell of the outcomes"]),
    ],
)
def test_what_does_not_agree_is_told(change: dict[str, Any], says: list[str]) -> None:
    seen = Tally(attempts=Counter({"ok": 1, "hang": 1, "500": 1}), by_model=Counter({"m": 3}))
    served = {"in_flight": 0, "most_in_flight": 2, "models": {"m": {"requests": 3}}, "outcomes": {**seen.attempts}}
    problems = find_problems(seen, {**served, **change}, {"threads": 0}, in_flight=2)
    assert len(problems) == len(says) and all(part in told for part, told in zip(says, problems, strict=True))


def test_what_is_left_over_is_told() -> None:
    served = {"in_flight": 0, "most_in_flight": 0, "models": {}, "outcomes": {}}
    assert find_problems(Tally(), served, {"threads": 2, "descriptors": -1}, 1) == ["2 threads are left"]
