"""A difference that was planted is found, chance is not taken for one, and the bootstrap is right."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest

from modelhub.errors import ModelHubError
from modelhub.load.bootstrap import Redraw, find_interval, redraw_mean, redraw_percentile
from modelhub.load.comparing import Comparison, Difference, build_document, compare, parse_report
from modelhub.load.percentiles import find_percentile


def draw_values(size: int, median: float = 1.0, seed: int = 0) -> list[float]:
    random = Random(seed)
    return [median * random.lognormvariate(0, 0.3) for _ in range(size)]


def build_level(seconds: list[float], failed: int = 0, **keys: Any) -> dict[str, Any]:
    """A level of 4 callers whose calls took so long."""
    calls = [
        {"intended": n / 4, "start": n / 4, "seconds": each, "ttft": each / 4, "output_tokens": 3, "error": None}
        for n, each in enumerate(seconds)
    ]
    for call in calls[:failed]:
        call["error"] = "ServerError"
    level = {"name": "gpt", "mode": "closed", "concurrency": 4, "requests": len(calls), "seconds": sum(seconds) / 4}
    return {**level, "errors": {"ServerError": failed} if failed else {}, "calls": calls, **keys}


def find_differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Difference]:
    (comparison,) = compare([before], [after])
    return {each.measure: each for each in comparison.differences}


def find_naive_interval(redraw: Redraw, repeats: int = 4000) -> tuple[float, float]:
    random = Random(1)
    drawn = sorted(redraw(random) for _ in range(repeats))
    return find_percentile(drawn, 5), find_percentile(drawn, 95)


@pytest.mark.parametrize("size", [2, 9, 60])
@pytest.mark.parametrize("percent", [50, 90, 99])
def test_percentiles_vary_as_those_of_values_that_are_drawn_again(size: int, percent: float) -> None:
    values = draw_values(size)
    expected = find_naive_interval(
        lambda random: find_percentile(sorted(random.choices(values, k=size)), percent), repeats=3000
    )
    assert find_naive_interval(redraw_percentile(values, percent)) == pytest.approx(expected, rel=0.05)


def test_the_mean_of_many_values_varies_as_little_as_all_of_them_make_it() -> None:
    values = draw_values(9000)
    low, high = find_naive_interval(redraw_mean(values), 500)
    mean = sum(values) / 9000
    spread = (sum((value - mean) ** 2 for value in values) / 9000) ** 0.5 / 9000**0.5
    assert (low, high) == pytest.approx((mean - 1.645 * spread, mean + 1.645 * spread), rel=0.01)


def test_the_same_figures_differ_by_nothing() -> None:
    values = draw_values(100)
    low, high = find_interval(redraw_mean(values), redraw_mean(values))
    assert low < 0 < high
    assert find_interval(redraw_mean(values), redraw_mean(values)) == (low, high)  # the same each time


def test_a_slower_model_is_found() -> None:
    found = find_differences(build_level(draw_values(200)), build_level(draw_values(200, 1.3, seed=1)))
    for name in ("latency mean", "latency p50", "latency p90", "ttft mean", "ttft p50", "answers/s"):
        assert found[name].verdict == "worse", name
    mean = found["latency mean"]
    assert mean.low < 0.3 * 1.046 < mean.high  # what was planted, times the mean of the distribution
    rate = found["answers/s"]
    assert (rate.before, rate.after) == pytest.approx(
        (4 / found["latency mean"].before, 4 / found["latency mean"].after)
    )


def test_a_faster_model_is_found() -> None:
    found = find_differences(build_level(draw_values(200)), build_level(draw_values(200, 0.7, seed=1)))
    assert found["latency p50"].verdict == found["answers/s"].verdict == "better"


def test_chance_is_not_taken_for_a_difference() -> None:
    def is_found(seed: int) -> bool:
        before, after = (redraw_percentile(draw_values(60, seed=each), 50) for each in (0, seed))
        low, high = find_interval(before, after)
        return low > 0 or high < 0

    assert sum(map(is_found, range(1, 21))) <= 3  # one of twenty is to be expected


def test_failures_are_compared() -> None:
    found = find_differences(build_level(draw_values(200)), build_level(draw_values(200), failed=40))
    failed = found["failed"]
    assert (failed.before, failed.after, failed.verdict) == (0, 0.2, "worse")
    assert found["latency p50"].before != found["latency p50"].after  # those that failed are not timed


def test_an_open_loop_is_compared_by_its_rate() -> None:
    level = {**build_level(draw_values(50)), "mode": "open", "rate": 4.0, "seconds": 12.5}
    found = find_differences(level, {**level, "seconds": 25.0})
    assert (found["answers/s"].before, found["answers/s"].after) == pytest.approx((4, 2))


def test_what_was_not_measured_is_not_compared() -> None:
    level = build_level(draw_values(10))
    whole = build_level(draw_values(10))
    for call in whole["calls"]:
        call["ttft"] = None
    assert "ttft p50" in find_differences(level, level)
    assert not any(name.startswith("ttft") for name in find_differences(level, whole))
    assert list(find_differences(level, build_level(draw_values(1)))) == []
    assert list(find_differences(level, build_level(draw_values(5), failed=5))) == ["failed"]


def find_pairs(compared: list[Comparison]) -> list[tuple[str, str, float]]:
    return [(each.before["name"], each.after["name"], each.after["concurrency"]) for each in compared]


def test_levels_are_paired_by_load_and_by_name_where_there_are_several() -> None:
    one, other = build_level([1.0, 2.0]), build_level([1.0, 2.0], name="claude")
    many = [one, {**one, "concurrency": 8}, other]
    assert find_pairs(compare([one], [other])) == [("gpt", "claude", 4)]
    assert find_pairs(compare([one], many)) == [("gpt", "gpt", 4)]
    assert find_pairs(compare(many, many)) == [("gpt", "gpt", 4), ("gpt", "gpt", 8), ("claude", "claude", 4)]
    assert compare([one], [{**one, "concurrency": 8}]) == []


def test_as_data() -> None:
    level = build_level(draw_values(10))
    (told,) = build_document(compare([level], [level]))["comparisons"]
    assert (told["before"], told["after"], told["mode"], told["concurrency"]) == ("gpt", "gpt", "closed", 4)
    assert {"measure", "before", "after", "low", "high", "verdict"} <= set(told["differences"][0])
    assert orjson.dumps(told)


def test_a_report_is_read() -> None:
    levels = [build_level([1.0, 2.0])]
    assert parse_report(orjson.dumps({"levels": levels}), "a.json") == levels


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"levels": 1}', '{"levels": [{}]}', '{"levels": [{"mode": "closed", "concurrency": "x"}]}'],
)
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(
        ModelHubError, match=r"^a.json is no load test; `modelhub bench NAME --json a.json` writes one$"
    ):
        parse_report(text.encode(), "a.json")
