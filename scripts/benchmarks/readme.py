"""Rows as README.md shows them: how many times as much as modelhub each of the others takes."""

from __future__ import annotations

import platform
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path
from textwrap import fill

from benchmarks.contestant import LABELS
from benchmarks.measure import Row
from benchmarks.peers import PEERS

PAGE = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- written by scripts/bench --peers --readme -->\n", "<!-- until here -->\n"
BY_HAND = {"import requests", "requests", "aiohttp"}
TOLD = {
    "import modelhub": "the import",
    "start to first answer": "start of Python to first answer",
    "call": "a call",
    "streamed chunk": "a chunk of a stream",
    "streamed chunk, paced": "a chunk that comes alone",
    "async call, 64 in flight": "an async call, 64 in flight",
    "async streamed chunk": "a chunk of an async stream",
    "async streamed chunk, paced": "an async chunk that comes alone",
}
"""The rows of the table, and what README.md calls them."""


def write_table(rows: list[Row], versions: dict[str, str], page: Path = PAGE) -> None:
    """Put the table between the marks of the page."""
    before, begin, rest = page.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{page} has no place for the table: put these two lines where it belongs:\n{BEGIN}{END}")
    page.write_text(f"{before}{begin}{build_table(rows)}\n{build_note(rows, versions)}{end}{after}", "utf-8")


def build_table(rows: list[Row]) -> str:
    """The table in Markdown."""
    peers = [LABELS.get(name, name) for name in PEERS]
    lines = [f"| CPU time of | modelhub | by hand | {' | '.join(peers)} |", f"|---|{'---:|' * (len(peers) + 2)}"]
    for what, told in TOLD.items():
        found = {"by hand" if row.beside in BY_HAND else row.beside: row for row in rows if row.what == what}
        cells = [_describe_cost(found["by hand"].modelhub_cost, found["by hand"].unit)]
        cells += [_describe_other(found[name]) if name in found else "" for name in ("by hand", *peers)]
        lines.append(f"| {told} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _describe_cost(cost: float, unit: str) -> str:
    cost = max(cost, 0.0)  # what is taken off is measured, too
    return f"{cost:,.{0 if unit == 'ms' or cost > 50 else 1}f} {unit.replace('us', 'µs')}"


def _describe_other(row: Row) -> str:
    """How many times as much it costs; of a start, how much, for an import of modelhub costs as good as nothing."""
    return _describe_cost(row.cost, row.unit) if row.unit == "ms" else f"× {1 / row.ratio:,.1f}"


def build_note(rows: list[Row], versions: dict[str, str]) -> str:
    """What else was measured, when, and with what."""
    found = {(row.what, row.beside): row for row in rows}
    numbers, packed = (found[f"64 embeddings as {form}", "requests"].ratio for form in ("numbers", "base64"))
    start, parse = found["init + get_model", "import requests"], found["validate 10,000 configs", "yaml.CSafeLoader"]
    memory = [f"{row.ratio:.0f} MB" for row in rows if row.unit == "MB"]
    told = ", ".join(f"{name} {number}" for name, number in {**_find_own_versions(), **versions}.items())
    note = (
        f"64 embeddings of 1,536 numbers take {numbers:.0%} of what requests and json take, and {packed:.0%} as base64."
        f" `init` and `get_model` take {start.ratio:.2f} of what `import requests` takes, and `modelhub validate` for"
        f" 10,000 configs {parse.ratio:.1f} times what libyaml takes to read them."
        + (f" 1,000 models out of one file, each called, add {memory[0]} to a Python with asyncio." if memory else "")
        + f" Measured on {date.today():%Y-%m-%d} on {platform.system()} {platform.machine()} with {told}."
    )
    return fill(note, 120, break_on_hyphens=False) + "\n"


def _find_own_versions() -> dict[str, str]:
    names = ("requests", "aiohttp")
    return {"Python": platform.python_version(), **{name: version(name) for name in names}}
