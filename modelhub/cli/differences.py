"""Shows what has changed from one load test to another."""

from __future__ import annotations

from collections.abc import Iterator

from modelhub.cli.levels import write_load, write_name, write_rate, write_seconds
from modelhub.cli.printing import colour
from modelhub.load.comparing import Comparison, Difference

_HEAD = ("before", "after", "change", "with 95 % confidence")
_COLOURS = {"better": "green", "worse": "red"}


def describe(comparison: Comparison) -> Iterator[str]:
    """The table of two levels."""
    before, after = comparison.before, comparison.after
    names = dict.fromkeys(write_name(level["name"], 14) for level in (before, after))
    calls = f"{before['requests']:,} and {after['requests']:,} calls"
    yield colour(f"{' and '.join(names)}, {write_load(after)}: {calls}", bold=True)
    yield colour(f"{'':14}{_HEAD[0]:>10}{_HEAD[1]:>10}{_HEAD[2]:>10}  {_HEAD[3]}", dim=True)
    for difference in comparison.differences:
        values = "".join(f"{_write(difference, value):>10}" for value in (difference.before, difference.after))
        interval = f"{_write_change(difference, difference.low)} to {_write_change(difference, difference.high)}"
        line = f"  {difference.measure:<12}{values}{_write_share(difference):>10}  {interval:<24}"
        verdict = difference.verdict
        yield line + colour(verdict, fg=_COLOURS[verdict]) if verdict else line.rstrip()


def _write(difference: Difference, value: float) -> str:
    if difference.measure == "failed":
        return f"{value:.1%}"
    return write_rate(value) if difference.more_is_better else write_seconds(value)


def _write_share(difference: Difference) -> str:
    """The change as a share of what was before; of a share, in points."""
    before, after = difference.before, difference.after
    if before == after:
        return ""
    return f"{after / before - 1:+.1%}" if before and difference.measure != "failed" else ""


def _write_change(difference: Difference, change: float) -> str:
    return ("-" if change < 0 else "+" if change else "") + _write(difference, abs(change))
