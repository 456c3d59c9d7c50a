"""What was measured of one call."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

UNFINISHED = "Unfinished"
"""The error of a call that had no answer when its level was over."""


@dataclass(slots=True)
class Sample:
    """One call; ``intended`` and ``start`` count from the beginning of its level, all in seconds.

    ``seconds`` and ``ttft``, the time to the first token, count from when the call was intended to start. ``gaps`` are
    the times between the pieces of a streamed answer. ``error`` is the name of a class; None for a call that succeeded.
    """

    intended: float
    start: float
    seconds: float
    ttft: float | None = None
    output_tokens: int | None = None
    error: str | None = None
    gaps: array[float] = field(default_factory=lambda: array("d"))

    @property
    def tpot(self) -> float | None:
        """The time for each output token after the first; None where that is not known, or there is no other token."""
        if self.ttft is None or self.output_tokens is None or self.output_tokens < 2:
            return None
        return (self.seconds - self.ttft) / (self.output_tokens - 1)
