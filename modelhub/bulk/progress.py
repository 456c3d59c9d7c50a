"""How far a job has come, and what it has cost."""

from __future__ import annotations

import time
from collections.abc import Callable

from modelhub.bulk.answers import Answer


class Progress:
    """Counts of a job: ``rows`` that are settled of about ``total`` (None: not known), with ``errors`` among them.

    ``asked`` requests were answered in this run, with so many ``tokens``; ``cost`` is what is known of their cost.
    ``tell`` is called whenever something has come of a request.
    """

    def __init__(self, total: int | None = None, tell: Callable[[Progress], None] | None = None) -> None:
        self.total = total
        self.rows = 0
        self.errors = 0
        self.asked = 0
        self.tokens = 0
        self.cost: float | None = None
        self.began = time.monotonic()
        self._tell = tell

    def skip(self) -> None:
        """A row has nothing to be asked: its request is answered, or under way."""
        self.rows += 1

    def refuse(self) -> None:
        """A row has no request."""
        self.rows += 1
        self.errors += 1

    def add(self, answer: Answer) -> None:
        """Something has come of a request."""
        self.rows += 1
        self.asked += 1
        if answer.error is not None:
            self.errors += 1
        if answer.usage is not None:
            self.tokens += answer.usage.get("total_tokens", 0)
        if answer.cost is not None:
            self.cost = (self.cost or 0.0) + answer.cost
        if self._tell is not None:
            self._tell(self)

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self.began
