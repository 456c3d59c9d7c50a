"""Rows as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.measure import Row

HEADER = ("what", "beside", "its cost", "modelhub", "ratio", "goal", "ok")
WIDTHS = (33, 19, 11, 11, 8, 10, 3)


def print_rows(rows: Iterable[Row]) -> list[Row]:
    """Print each row as soon as it is known, and return them all."""
    _print_cells(HEADER)
    known = []
    for row in rows:
        _print_cells(describe(row))
        known.append(row)
    return known


def describe(row: Row) -> tuple[str, ...]:
    """A row as the cells of a table."""
    form = {"ratio": "{:.2f}", "added": f"{{:+.1f}} {row.unit}"}[row.kind]
    cost, ours = (f"{number:.1f} {row.unit}" for number in (row.cost, row.modelhub_cost))
    goal = "" if row.goal is None else f"<= {form.format(row.goal)}"
    verdict = {None: "", True: "yes", False: "NO"}[row.ok]
    return (row.what, row.beside, cost, ours, form.format(row.ratio), goal, verdict)


def _print_cells(cells: tuple[str, ...]) -> None:
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip(), flush=True)
