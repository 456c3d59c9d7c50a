"""How far a job has come, and what it has cost."""

from __future__ import annotations

import time

from modelhub.bulk.answers import Answer


class Progress:
    """Counts of a job: ``rows`` that are settled of about ``total`` (None: not known), with ``errors`` among them.

    ``asked`` requests were answered in this run, with so many ``tokens``; ``cost`` is what is known of their cost, None
    where that is nothing. ``seconds`` have passed.
    """

    def __init__(self, total: int | None = None) -> None:
        self.total = total
        self.rows = 0
        self.errors = 0
        self.asked = 0
        self.tokens = 0
        self.cost: float | None = None
        self._began = time.monotonic()
        self._first: tuple[float, int] | None = None  # when the first answer came, and the rows before it

    def skip(self) -> None:
        """A row has nothing to be asked: its request is answered, or under way."""
        self.rows += 1

    def refuse(self) -> None:
        """A row has no request."""
        self.rows += 1
        self.errors += 1

    def add(self, answer: Answer) -> None:
        """Something has come of a request."""
        if self._first is None:
            self._first = time.monotonic(), self.rows
        self.rows += 1
        self.asked += 1
        if answer.error is not None:
            self.errors += 1
        if answer.usage is not None:
            self.tokens += answer.usage.get("total_tokens", 0)
        if answer.cost is not None:
            self.cost = (self.cost or 0.0) + answer.cost

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self._began

    def find_rates(self) -> tuple[float, float, float | None]:
        """Rows a second since the first answer, tokens a second, and the seconds that are left, None if not known."""
        if self._first is None:
            return 0.0, 0.0, None
        since, before = self._first
        seconds = max(time.monotonic() - since, 1e-3)
        rate = (self.rows - before) / seconds
        left = None if self.total is None or not rate else max(self.total - self.rows, 0) / rate
        return rate, self.tokens / seconds, left
