"""What the calls of a registry came to, config by config, as data and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.telemetry.sums import Sums
from modelhub.telemetry.tally import Tally

_COLUMNS = (
    "config",
    "calls",
    "errors",
    "retries",
    "cached",
    "in",
    "out",
    "cost",
    "p50",
    "p95",
    "p99",
    "first",
    "tok/s",
)


class Stats(dict[str, dict[str, Any]]):
    """By config_name: calls, errors by class, retries, in_flight, queued, cache_hits, prompt_tokens, completion_tokens,
    cost, seconds and first_token_seconds (p50, p95, p99; to one part in a hundred), tokens_per_second.

    What is not known, or has not happened yet, is None; ``cost`` is in the currency of the config's price.
    """

    def table(self) -> str:
        """The same as text, a line for each config; seconds, and the first token at p50."""
        rows = [_COLUMNS, *(_build_row(name, row) for name, row in self.items())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
        shown = [column for column in range(len(_COLUMNS)) if column < 3 or any(r[column] != "-" for r in rows[1:])]
        lines = []
        for row in rows:
            name, *cells = (
                row[column].ljust(widths[column]) if column == 0 else row[column].rjust(widths[column])
                for column in shown
            )
            lines.append("  ".join([name, *cells]).rstrip())
        return "\n".join(lines)


def build_stats(tallies: Mapping[str, Tally | None]) -> Stats:
    """The stats of these configs; None stands for one that was never asked."""
    return Stats({name: _describe(tally) for name, tally in tallies.items()})


def _describe(tally: Tally | None) -> dict[str, Any]:
    sums = Sums() if tally is None else tally.add_up()
    started, retries, queued = (0, 0, 0) if tally is None else (tally.started, tally.retries, tally.queued)
    told = sums.describe()
    return {
        "calls": started,
        "errors": told.pop("errors"),
        "retries": retries,
        "in_flight": max(started - sums.ended, 0),
        "queued": queued,
        **told,
    }


def _build_row(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    seconds = [_show_seconds(row["seconds"][which]) for which in ("p50", "p95", "p99")]
    first, rate, cost = row["first_token_seconds"]["p50"], row["tokens_per_second"], row["cost"]
    return (
        name if len(name) <= 24 else f"{name[:23]}…",
        str(row["calls"]),
        str(sum(row["errors"].values())),
        _show_count(row["retries"]),
        _show_count(row["cache_hits"]),
        _show_count(row["prompt_tokens"]),
        _show_count(row["completion_tokens"]),
        "-" if cost is None else f"{cost:.4f}" if cost < 1 else f"{cost:.2f}",
        *seconds,
        _show_seconds(first),
        "-" if rate is None else f"{rate:.0f}",
    )


def _show_count(count: int) -> str:
    return str(count) if count else "-"


def _show_seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2g}" if seconds < 1 else f"{seconds:.2f}"
