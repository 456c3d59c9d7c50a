"""How a bulk job is shown while it runs, and what it came to."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from modelhub.bulk.finishing import Outcome
from modelhub.bulk.progress import Progress
from modelhub.cli.progress import StatusLine, draw_bar
from modelhub.cli.streams import say

_LEAST_BAR, _LONGEST_BAR = 8, 30  # letters


class Meter:
    """Shows on stderr how far a job has come: as a line that changes on a terminal, else as a line now and then."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._line = StatusLine()
        self._rows: int | None = None  # of the last line
        self.pause = 0.2 if self._is_terminal else 5.0  # seconds from one time that it is shown to the next

    def show(self) -> None:
        """Show it as it is now."""
        cells = list_cells(self._progress)
        if not self._is_terminal:
            if self._progress.rows != self._rows:  # a vendor's batch may take a day
                say("  ".join(cells))
            self._rows = self._progress.rows
            return
        self._line.show(write_line(self._progress, cells, self._line.width))

    def say(self, text: str) -> None:
        """Say something else, above the line that changes."""
        self.clear()
        say(text)

    def clear(self) -> None:
        """Take the line that changes away."""
        self._line.clear()


def list_cells(progress: Progress) -> list[str]:
    """How far a job has come, the most important first."""
    rate, tokens, left = progress.find_rates()
    total = f"/{progress.total:,}" if progress.total else ""
    cells = [f"{progress.rows:,}{total} rows", f"{_write_rate(rate)}/s"]
    if progress.tokens:
        cells.append(f"{_write_rate(tokens)} tok/s")
    if progress.cost is not None:
        cells.append(f"cost {write_cost(progress.cost)}")
    cells.append(f"{progress.errors:,} errors")
    if left is not None and progress.rows < (progress.total or 0):
        cells.append(f"{write_time(max(round(left), 1))} left")
    return cells


def write_line(progress: Progress, cells: Sequence[str], width: int) -> str:
    """The cells in one line of at most ``width`` letters, with a bar before them where there is room."""
    text = "  ".join(cells)
    if progress.total:
        share = min(progress.rows / progress.total, 1)
        room = min(width - len(text) - 4, _LONGEST_BAR)
        text = f"{draw_bar(share, room) if room >= _LEAST_BAR else f'{share:.0%}'}  {text}"
    return text[:width]


def write_summary(progress: Progress, outcome: Outcome, output: str, errors: str) -> list[str]:
    """What a job came to, a line for each thing."""
    seconds, asked = progress.seconds, progress.asked
    rows: list[tuple[str, str]] = [("rows", f"{outcome.rows:,}"), ("answered", f"{outcome.rows - outcome.failed:,}")]
    if outcome.failed:
        by_class = ", ".join(f"{count:,} {name}" for name, count in sorted(outcome.errors.items()))
        rows.append(("failed", f"{outcome.failed:,}: {by_class}"))
    rows.append(("requests", f"{asked:,} now, {_write_rate(asked / max(seconds, 1e-3))}/s"))
    if asked:
        rows.append(("tokens", f"{progress.tokens:,}"))
        rows.append(("cost", "not known" if progress.cost is None else write_cost(progress.cost)))
    rows += [("time", write_time(seconds)), ("output", output)]
    if outcome.failed:
        rows.append(("errors", errors))
    return [f"{name:<8}  {value}" for name, value in rows]


def write_cost(cost: float) -> str:
    """An amount, to three digits that say something."""
    return f"{cost:,.2f}" if cost >= 100 else f"{cost:.3g}" if cost >= 0.0001 or not cost else f"{cost:.1e}"


def write_time(seconds: float) -> str:
    """``8 s``, ``8.1 s``, ``2:05``, ``1:02:05``."""
    if seconds < 60:
        return f"{seconds} s" if isinstance(seconds, int) else f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _write_rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
