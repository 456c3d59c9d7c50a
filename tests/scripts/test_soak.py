"""scripts/soak: a short run finds nothing, and it would find what grows and what is left."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..paths import ROOT

SOAK = ROOT / "scripts" / "soak.py"
linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux has /proc")


@pytest.fixture
def sampling(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that judges."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("soaking.sampling")


@linux
def test_a_short_run(tmp_path: Path) -> None:
    command = [sys.executable, str(SOAK), "--seconds", "3", "--in-flight", "8"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    *lines, calls, verdict = done.stdout.splitlines()
    assert verdict == "verdict: flat, and nothing is left"
    assert calls.startswith("calls: {") and "'whole'" in calls and "'closed early'" in calls
    assert lines and all(line.split()[1] == "s" and line.endswith(" tasks") for line in lines)


@pytest.mark.parametrize(
    ("grows", "says"),
    [
        ({}, []),
        ({"megabytes": 1.0}, ["megabytes grow: +75.0 in 75 s"]),
        ({"blocks": 1000}, ["blocks grow: +75000.0 in 75 s"]),
        ({"descriptors": 1, "tasks": 1}, ["descriptors grow: +75.0 in 75 s", "tasks grow: +75.0 in 75 s"]),
        ({"threads": 0.1}, ["threads grow: +7.5 in 75 s"]),
        ({"megabytes": 0.01}, []),  # less than anybody can tell from noise
    ],
)
def test_what_grows_is_told(sampling: Any, grows: dict[str, float], says: list[str]) -> None:
    start = {"megabytes": 60.0, "blocks": 200_000, "descriptors": 70, "threads": 35, "tasks": 33}
    samples = [
        sampling.Sample(second, 100 * second, *(start[name] + grows.get(name, 0) * second for name in start))
        for second in range(101)
    ]
    samples[5] = samples[5]._replace(megabytes=500.0)  # in the warm-up
    samples[50] = samples[50]._replace(descriptors=500)  # once
    told = sampling.find_growth(samples)
    assert [one.partition(",")[0] for one in told] == says


def test_the_memory_of_a_short_run_is_not_judged(sampling: Any) -> None:
    samples = [sampling.Sample(second, 0, 60 + second, 2**17 * second, 9, 9, 9) for second in range(30)]
    assert sampling.find_growth(samples) == []


def test_what_is_left_is_told(sampling: Any) -> None:
    before, after = sampling.Sample(0, 0, 60, 9, 10, 2, 0), sampling.Sample(9, 9, 90, 9, 12, 1, 0)
    assert sampling.find_left(before, after) == ["2 descriptors are left"]
