"""Shows the levels of a load test in 80 columns: a table for each, then all side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from modelhub.cli.printing import colour, count
from modelhub.cli.widths import cut, measure, pad
from modelhub.load.percentiles import NAMES
from modelhub.load.plan import UNITS
from modelhub.load.report import TIMES, count_errors, find_answer_rate, find_failed_share, find_size
from modelhub.printable import printable

Level = Mapping[str, Any]
WIDTH = 80
_LONGEST_NAME = 12  # of a model, side by side with others
_BUSY = 0.8  # of a CPU, from which on this process may be what is slow
_LABELS = {"latency": "latency", "ttft": "TTFT", "tpot": "TPOT", "itl": "ITL"}


def write_seconds(seconds: float | None) -> str:
    """Three digits and a unit: ``1.24 s``, ``34.1 ms``; ``-`` where nothing is known."""
    if seconds is None:
        return "-"
    if seconds >= 1:
        return f"{_write(seconds)} s"
    return f"{_write(seconds * 1e3)} ms" if seconds >= 1e-3 or not seconds else f"{_write(seconds * 1e6)} us"


def write_rate(rate: float | None) -> str:
    """Three digits of so many a second; ``-`` where nothing is known."""
    return "-" if rate is None else _write(rate)


def _write(value: float) -> str:
    """Three digits and all of those before the point: ``8.31``, ``52.1``, ``1,240``; two of what is below 1."""
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}" if value >= 0.9995 else f"{value:.2g}"


def write_load(level: Level) -> str:
    """``10 at a time`` or ``5 a second``."""
    return f"{find_size(level):g} {UNITS[level['mode']]}"


def write_name(name: str, longest: int = 32) -> str:
    """The name of a model, without what cannot be seen, and not too long."""
    return cut(printable(name), longest)


def describe(level: Level) -> Iterator[str]:
    """The table of one level."""
    calls = f"{count(level['requests'], 'call')} in {write_seconds(level['seconds'])}"
    yield colour(f"{write_name(level['name'])}, {write_load(level)}: {calls}", bold=True)
    known = [time for time in TIMES if level[time]["mean"] is not None]
    if known:
        yield colour(" " * 10 + "".join(f"{name:>11}" for name in NAMES), dim=True)
    for time in known:
        yield f"  {_LABELS[time]:<8}" + "".join(f"{write_seconds(level[time][name]):>11}" for name in NAMES)
    yield from _describe_rates(level)
    yield from _describe_failures(level)
    if level["cpu"] >= _BUSY:
        text = "the load test itself was busy: the model may be faster than this says"
        yield colour(f"  {text}", fg="yellow")


def _describe_rates(level: Level) -> Iterator[str]:
    parts = [f"{write_rate(level['requests_per_second'])} requests/s"]
    if level["output_tokens_per_second"] is not None:
        each = write_rate(level["output_tokens_per_second_per_user"])
        parts.append(f"{write_rate(level['output_tokens_per_second'])} output tokens/s, {each} a user")
    parts.append(f"client CPU {level['cpu']:.0%}")
    yield f"  {'   '.join(parts)}"
    if level["goodput"] is not None:
        good = level["goodput"] / level["requests_per_second"] if level["requests"] else 0
        yield f"  goodput {write_rate(level['goodput'])} requests/s, {good:.0%} of all"


def _describe_failures(level: Level) -> Iterator[str]:
    failed = count_errors(level)
    if failed:
        classes = ", ".join(f"{number} {name}" for name, number in level["errors"].items())
        text = f"{failed:,} failed ({find_failed_share(level):.0%}): {classes}"
        yield from (colour(line, fg="red") for line in wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    "))
    if level.get("under_way"):
        yield colour(f"  interrupted; {count(level['under_way'], 'call')} under way, not counted", fg="yellow")


def put_side_by_side(levels: Sequence[Level]) -> Iterator[str]:
    """A line for each level, with what matters most; columns that nothing is known of are left out."""
    head = ("", "load", "req/s", "failed", "p50", "p99", "TTFT p50", "tokens/s", "goodput")
    rows = [
        (
            "" if n and levels[n - 1]["name"] == level["name"] else write_name(level["name"], _LONGEST_NAME),
            write_size(level),
            write_rate(level["requests_per_second"]),
            f"{find_failed_share(level):.0%}",
            write_seconds(level["latency"]["p50"]),
            write_seconds(level["latency"]["p99"]),
            write_seconds(level["ttft"]["p50"]),
            write_rate(level["output_tokens_per_second"]),
            write_rate(level["goodput"]),
        )
        for n, level in enumerate(levels)
    ]
    shown = [column for column in range(len(head)) if column < 2 or any(row[column] != "-" for row in rows)]
    widths = [max(measure(row[column]) for row in (head, *rows)) for column in shown]
    for row in (head, *rows):
        cells = [row[column].rjust(width) for column, width in zip(shown, widths, strict=True)]
        line = "  ".join([pad(row[0], widths[0]), *cells[1:]])
        yield colour(line, dim=True) if row is head else line


def write_size(level: Level) -> str:
    """``10`` callers, or ``5/s``."""
    return f"{find_size(level):g}{'' if level['mode'] == 'closed' else '/s'}"


def chart(levels: Sequence[Level], *, blocks: bool) -> Iterator[str]:
    """Bars: latency from p50 to p99, and the answers a second; with ``blocks``, in letters that not all files have."""
    start, middle, end, full = ("─", "█", "▒", "█") if blocks else (".", "=", "-", "#")
    longest = max((level["latency"]["p99"] or 0.0 for level in levels), default=0.0)
    fastest = max(map(find_answer_rate, levels), default=0.0)
    labels = [f"{write_name(level['name'], _LONGEST_NAME)} {write_size(level)}" for level in levels]
    width = max(map(measure, labels))
    long = (WIDTH - width - 4) * 2 // 3
    short = WIDTH - width - 4 - long - 8
    title = f"latency: to p50 {start}, to p95 {middle}, to p99 {end}"
    yield colour(f"{'':{width}}  {title:<{long}}  answers/s", dim=True)
    for label, level in zip(labels, levels, strict=True):
        points = [_scale(level["latency"][name], longest, long) for name in ("p50", "p95", "p99")]
        bar = (
            start * max(points[0] - 1, 0) + middle * (points[1] - max(points[0] - 1, 0)) + end * (points[2] - points[1])
        )
        rate = find_answer_rate(level)
        named = " " * (width - measure(label)) + label
        yield f"{named}  {bar:<{long}}  {full * _scale(rate, fastest, short)} {write_rate(rate)}".rstrip()
    yield colour(f"{'':{width}}  {'0':<{long - 10}}{write_seconds(longest):>10}", dim=True)


def _scale(value: float | None, most: float, width: int) -> int:
    """How many letters of ``width`` stand for a value, at least one for what is more than nothing."""
    return max(round(value / most * width), 1) if value and most else 0
