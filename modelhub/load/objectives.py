"""Service level objectives: how long a call may take to count as good."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelhub.load.sample import Sample

_MEASURES: dict[str, Callable[[Sample], float | None]] = {
    "ttft": lambda sample: sample.ttft,
    "tpot": lambda sample: sample.tpot,
    "itl": lambda sample: max(sample.gaps, default=None),
    "latency": lambda sample: sample.seconds,
}
MEASURES = tuple(_MEASURES)
"""What may be bounded: the time to the first token, that for each further one, the longest gap, and the whole call."""
OF_STREAMS = frozenset({"ttft", "tpot", "itl"})


def is_kept(sample: Sample, objectives: Mapping[str, float]) -> bool:
    """Whether a call has succeeded within all ``objectives``; an answer of one piece has no gap that is too long."""
    if sample.error is not None:
        return False
    measured = ((_MEASURES[name](sample), most) for name, most in objectives.items())
    return all(value is None or value <= most for value, most in measured)
