"""Print what modelhub costs beside hand-written code, both measured in one run on this machine.

Costs are CPU time of the client, user and system, never time that passes: a fixed server on another core answers
with bytes that were made beforehand. Each row takes turns between the two, and gives the ratio of the cheapest
rounds and the median of the ratios of neighbouring rounds. Nothing fails here: the table is for reading.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # also where PYTHONSAFEPATH is set

from benchmarks import calls, layers, startup, validating
from benchmarks.fixed_server import FixedServer
from benchmarks.measure import Row


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that it runs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    rows = list(measure(arguments.quick))
    if arguments.json:
        print(json.dumps([row.describe() for row in rows], indent=2))
    else:
        print_table([("what", "competitor", "modelhub", "ratio", "of pairs", "target", "ok"), *map(Row.cells, rows)])


def measure(quick: bool) -> Iterator[Row]:
    """Every row, with this process on the first core and the server on the second."""
    mine, other = find_cores()
    if mine is not None:
        os.sched_setaffinity(0, {mine})
    with FixedServer(other) as url:
        yield from calls.measure(url, quick)
        yield from layers.measure(url, quick)
    yield from startup.measure(quick)
    yield from validating.measure(quick)


def find_cores() -> tuple[int | None, int | None]:
    """The cores for the client and the server; None where there is no choice to make."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Rows in columns as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
