"""Compares two load tests: what has changed from one to the other, level by level, and whether it can be chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from modelhub.errors import ModelHubError
from modelhub.load.bootstrap import Redraw, find_interval, redraw_mean, redraw_percentile
from modelhub.load.percentiles import find_percentile
from modelhub.load.plan import LOADS
from modelhub.load.report import find_size

Levels = Sequence[Mapping[str, Any]]
_FEWEST = 2  # values that say something of how they vary


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of two tests; ``low`` to ``high`` is where what has changed lies, with 95 % confidence.

    ``more_is_better`` says how to judge it.
    """

    measure: str
    before: float
    after: float
    low: float
    high: float
    more_is_better: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether it cannot well be chance."""
        return self.low > 0 or self.high < 0

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, or ``""`` for what can be chance."""
        if not self.is_certain:
            return ""
        return "better" if (self.low > 0) == self.more_is_better else "worse"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two levels with the same load, and their differences."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    differences: list[Difference]


def parse_report(data: bytes, file: str) -> Levels:
    """The levels of a file that ``--json`` has written; raises ModelHubError for another one."""
    try:
        levels: list[dict[str, Any]] = orjson.loads(data)["levels"]
        for level in levels:
            numbers = [find_size(level), level["requests"], level["seconds"], *level["errors"].values()]
            for call in level["calls"]:
                numbers += [call["intended"], call["seconds"], call["ttft"] or 0, call["error"] is None]
            math.fsum(numbers)
            level["name"] = str(level["name"])
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ModelHubError(f"{file} is no load test; `modelhub bench NAME --json {file}` writes one") from None
    return levels


def compare(before: Levels, after: Levels) -> list[Comparison]:
    """The levels that both tests have; where each is about one model, its name does not matter."""
    by_name = len(_list_names(before)) > 1 or len(_list_names(after)) > 1
    known = {_find_key(level, by_name): level for level in before}
    pairs = [(known[key], level) for level in after if (key := _find_key(level, by_name)) in known]
    return [Comparison(old, new, list(_list_differences(old, new))) for old, new in pairs]


def build_document(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Comparisons as data."""
    return {"comparisons": [_describe(comparison) for comparison in comparisons]}


def _describe(comparison: Comparison) -> dict[str, Any]:
    before, after = comparison.before, comparison.after
    loads = {"mode": after["mode"], LOADS[after["mode"]]: find_size(after)}
    differences = [{**asdict(each), "verdict": each.verdict or None} for each in comparison.differences]
    return {"before": before["name"], "after": after["name"], **loads, "differences": differences}


def _list_names(levels: Levels) -> set[str]:
    return {level["name"] for level in levels}


def _find_key(level: Mapping[str, Any], by_name: bool) -> tuple[Any, ...]:
    return level["name"] if by_name else None, level["mode"], level[LOADS[level["mode"]]]


def _list_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for measure, more_is_better, read, figures in _FIGURES:
        values = read(before), read(after)
        if min(map(len, values)) < _FEWEST:
            continue
        for name, find, redraw in figures:
            low, high = find_interval(redraw(values[0]), redraw(values[1]))
            label = f"{measure} {name}".strip()
            yield Difference(label, find(values[0]), find(values[1]), low, high, more_is_better)


def _list_good(level: Mapping[str, Any], name: str) -> list[float]:
    return [call[name] for call in level["calls"] if call["error"] is None and call[name] is not None]


def _list_gaps(level: Mapping[str, Any]) -> list[float]:
    """Seconds from one answer to the next, whose mean is that of the level, and which vary as answers do.

    Of callers that wait, they vary as latencies do, since rate times latency is the number of callers (Little 1961).
    """
    good = [call for call in level["calls"] if call["error"] is None]
    gaps = [call["seconds"] for call in good]
    if level["mode"] == "open":
        ends = sorted(call["intended"] + call["seconds"] for call in good)
        gaps = [end - start for start, end in zip([0.0, *ends], ends, strict=False)]
    scale = level["seconds"] / (sum(gaps) or 1.0)
    return [gap * scale for gap in gaps]


def _list_failures(level: Mapping[str, Any]) -> list[float]:
    return [float(call["error"] is not None) for call in level["calls"]]


def _find_mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _find_rate(gaps: Sequence[float]) -> float:
    return 1 / max(_find_mean(gaps), 1e-9)


def _redraw_rate(gaps: Sequence[float]) -> Redraw:
    redraw = redraw_mean(gaps)
    return lambda random: 1 / max(redraw(random), 1e-9)


Figure = tuple[str, Callable[[Sequence[float]], float], Callable[[Sequence[float]], Redraw]]


def _build_percentile(percent: float) -> Figure:
    return (
        f"p{percent:g}",
        lambda values: find_percentile(sorted(values), percent),
        lambda values: redraw_percentile(values, percent),
    )


_MEAN: Figure = ("mean", _find_mean, redraw_mean)
_FIGURES: tuple[tuple[str, bool, Callable[[Mapping[str, Any]], list[float]], tuple[Figure, ...]], ...] = (
    (
        "latency",
        False,
        lambda level: _list_good(level, "seconds"),
        (_MEAN, *map(_build_percentile, (50, 90, 95, 99))),
    ),
    ("ttft", False, lambda level: _list_good(level, "ttft"), (_MEAN, *map(_build_percentile, (50, 99)))),
    ("answers/s", True, _list_gaps, (("", _find_rate, _redraw_rate),)),
    ("failed", False, _list_failures, (("", _find_mean, redraw_mean),)),
)
