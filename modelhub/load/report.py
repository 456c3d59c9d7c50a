"""What a load test has measured as data: a dict for each level, with all its calls."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from modelhub import __version__
from modelhub.load.objectives import is_kept
from modelhub.load.percentiles import NAMES, summarize
from modelhub.load.plan import LOADS
from modelhub.load.running import Measured
from modelhub.load.sample import Sample

TIMES = ("latency", "ttft", "tpot", "itl")
"""What is told by its mean, percentiles and maximum."""
_ALONE = (
    *("requests", "seconds", "requests_per_second"),
    *("output_tokens_per_second", "output_tokens_per_second_per_user", "goodput", "cpu"),
)


def build_document(
    levels: Sequence[Mapping[str, Any]], objectives: Mapping[str, float], started: datetime
) -> dict[str, Any]:
    """A whole load test as data."""
    began = started.isoformat(timespec="seconds")
    return {"modelhub": __version__, "started": began, "objectives": dict(objectives), "levels": list(levels)}


def build_level(measured: Measured, objectives: Mapping[str, float] | None = None) -> dict[str, Any]:
    """A level as data; what is not known is None, as goodput is without ``objectives``."""
    level, samples, seconds = measured.level, measured.samples, measured.seconds
    good = [sample for sample in samples if sample.error is None]
    tokens = [sample.output_tokens for sample in good if sample.output_tokens is not None]
    waited = sum(sample.seconds for sample in good if sample.output_tokens is not None)
    size = int(level.size) if level.mode == "closed" else level.size
    return {
        "name": level.name,
        "mode": level.mode,
        LOADS[level.mode]: size,
        "requests": len(samples),
        "seconds": seconds,
        "requests_per_second": _divide(len(samples), seconds),
        "errors": dict(Counter(sample.error for sample in samples if sample.error is not None).most_common()),
        "latency": summarize(sample.seconds for sample in good),
        "ttft": summarize(sample.ttft for sample in good if sample.ttft is not None),
        "tpot": summarize(tpot for sample in good if (tpot := sample.tpot) is not None),
        "itl": summarize(chain.from_iterable(sample.gaps for sample in good)),
        "output_tokens_per_second": _divide(sum(tokens), seconds) if tokens else None,
        "output_tokens_per_second_per_user": _divide(sum(tokens), waited) if tokens else None,
        "goodput": _divide(sum(is_kept(sample, objectives) for sample in samples), seconds) if objectives else None,
        "cpu": measured.cpu,
        "under_way": measured.under_way,
        "calls": [_build_call(sample) for sample in samples],
    }


def _divide(amount: float, seconds: float) -> float:
    return amount / seconds if seconds else 0.0


def _build_call(sample: Sample) -> dict[str, Any]:
    return {
        "intended": sample.intended,
        "start": sample.start,
        "seconds": sample.seconds,
        "ttft": sample.ttft,
        "output_tokens": sample.output_tokens,
        "error": sample.error,
    }


def find_size(level: Mapping[str, Any]) -> float:
    """The concurrency or the rate of a level."""
    size: float = level[LOADS[level["mode"]]]
    return size


def count_errors(level: Mapping[str, Any]) -> int:
    """How many calls of a level have failed."""
    return sum(level["errors"].values())


def find_failed_share(level: Mapping[str, Any]) -> float:
    """The share of the calls of a level that have failed."""
    return _divide(count_errors(level), level["requests"])


def find_answer_rate(level: Mapping[str, Any]) -> float:
    """How many calls a second have succeeded."""
    return _divide(level["requests"] - count_errors(level), level["seconds"])


def build_table(levels: Iterable[Mapping[str, Any]]) -> str:
    """The levels as CSV: a row for each, without its calls."""
    out = io.StringIO()
    times = [f"{time}_{name}" for time in TIMES for name in NAMES]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["name", "mode", *LOADS.values(), *_ALONE[:3], "errors", *times, *_ALONE[3:]])
    for level in levels:
        told = [level[time][name] for time in TIMES for name in NAMES]
        sizes = [level.get(load) for load in LOADS.values()]
        first, last = ([level[name] for name in part] for part in (_ALONE[:3], _ALONE[3:]))
        writer.writerow([level["name"], level["mode"], *sizes, *first, count_errors(level), *told, *last])
    return out.getvalue()
