"""What is told of a level, figure by figure."""

from __future__ import annotations

import csv
import io
from array import array
from datetime import UTC, datetime
from typing import Any

import pytest

from modelhub import __version__
from modelhub.load.objectives import MEASURES, is_kept
from modelhub.load.percentiles import NAMES
from modelhub.load.plan import Level
from modelhub.load.report import build_document, build_level, build_table
from modelhub.load.running import Measured
from modelhub.load.sample import Sample

SAMPLES = [
    Sample(0.0, 0.0, 1.0, 0.2, 5, None, array("d", [0.1, 0.1, 0.3, 0.3])),
    Sample(0.0, 0.0, 2.0, 0.4, 9, None, array("d", [0.2] * 8)),
    Sample(1.0, 1.5, 3.0, 0.6, 1),
    Sample(1.0, 1.0, 9.0, None, None, "TimeoutError"),
]


def build(objectives: dict[str, float] | None = None, mode: Any = "closed", size: float = 2) -> dict[str, Any]:
    measured = Measured(Level("m", mode, size, 4, 60), 10.0, 0.25, SAMPLES)
    return build_level(measured, objectives)


def test_a_level() -> None:
    told = build()
    assert (told["name"], told["mode"], told["concurrency"], "rate" in told) == ("m", "closed", 2, False)
    assert (told["requests"], told["seconds"], told["requests_per_second"], told["cpu"]) == (4, 10, 0.4, 0.25)
    assert told["errors"] == {"TimeoutError": 1}
    assert told["latency"] == pytest.approx({"mean": 2, "p50": 2, "p90": 2.8, "p95": 2.9, "p99": 2.98, "max": 3})
    assert told["ttft"]["mean"] == pytest.approx(0.4)
    assert (told["tpot"]["p50"], told["tpot"]["max"]) == pytest.approx((0.2, 0.2))  # none for an answer of one token
    assert (told["itl"]["mean"], told["itl"]["max"]) == pytest.approx((0.2, 0.3))
    assert told["output_tokens_per_second"] == 1.5
    assert told["output_tokens_per_second_per_user"] == 2.5
    assert told["goodput"] is None
    assert told["calls"][2] == {
        "intended": 1.0,
        "start": 1.5,
        "seconds": 3.0,
        "ttft": 0.6,
        "output_tokens": 1,
        "error": None,
    }


def test_an_open_level_has_a_rate() -> None:
    told = build(mode="open", size=0.5)
    assert (told["rate"], "concurrency" in told) == (0.5, False)


@pytest.mark.parametrize(
    ("objectives", "good"),
    [
        ({"latency": 2.0}, 2),
        ({"latency": 0.5}, 0),
        ({"ttft": 0.4}, 2),
        ({"ttft": 0.2, "latency": 3}, 1),
        ({"tpot": 0.19}, 1),  # the answer of one token has no token that is late
        ({"itl": 0.25}, 2),
        ({"latency": 100}, 3),  # a call that failed is never good
    ],
)
def test_goodput(objectives: dict[str, float], good: int) -> None:
    assert build(objectives)["goodput"] == good / 10
    assert sum(is_kept(sample, objectives) for sample in SAMPLES) == good
    assert set(objectives) <= set(MEASURES)


def test_nothing_has_come() -> None:
    told = build_level(Measured(Level("m", "closed", 1, 4, 60), interrupted=True, under_way=1), {"latency": 1})
    assert (told["requests"], told["requests_per_second"], told["goodput"]) == (0, 0, 0)
    assert told["latency"] == dict.fromkeys(NAMES)
    assert told["output_tokens_per_second"] is None


def test_a_table_has_a_row_for_each_level() -> None:
    levels = [build({"latency": 2}), build(mode="open", size=0.5)]
    first, second = csv.DictReader(io.StringIO(build_table(levels)))
    assert (first["name"], first["concurrency"], first["rate"], first["errors"]) == ("m", "2", "", "1")
    assert (second["concurrency"], second["rate"], second["goodput"]) == ("", "0.5", "")
    assert float(first["latency_p99"]) == pytest.approx(2.98)
    assert (first["goodput"], first["cpu"]) == ("0.2", "0.25")


def test_the_whole_test() -> None:
    told = build_document([build()], {"latency": 1.0}, datetime(2026, 1, 2, tzinfo=UTC))
    assert told["levels"] == [build()]
    assert (told["modelhub"], told["started"]) == (__version__, "2026-01-02T00:00:00+00:00")
    assert told["objectives"] == {"latency": 1.0}
