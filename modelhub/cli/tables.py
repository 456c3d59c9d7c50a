"""Rows in columns that are as wide as a terminal, folded at words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import click

from modelhub.cli.printing import colour, find_width
from modelhub.cli.widths import find_longest, measure, pad, wrap
from modelhub.printable import printable, shorten

_WIDEST = 300  # characters of a cell
_GAP = "  "
_LONGEST = 26  # columns of a word; rows with longer ones are folded by themselves where there is no room
_SHORTEST = 8  # columns of a cell that is not folded
_LEAST = 30  # columns of a last column that stands beside the others
Rows = Sequence[Sequence[str]]


def print_table(rows: Rows) -> None:
    """Rows in columns as wide as they need to be; if the lines get too long, each row is folded by itself."""
    for line in _lay_out(tame(rows), find_width()) or [line for row in rows for line in fold(row)]:
        click.echo(line)


def print_columns(head: Sequence[str], rows: Rows) -> None:
    """The same below a head; if the lines get too long, cells are folded in their columns, if that is possible."""
    width = find_width()
    rows = tame([head, *rows])
    lines = _lay_out(rows, width)
    blocks = [] if lines else _fold_columns(rows, width) or [fold(row) for row in rows]
    height = len(blocks[0]) if blocks else 1
    for n, line in enumerate(lines or chain.from_iterable(blocks)):
        click.echo(colour(line, bold=True) if n < height else line)


def tame(rows: Rows, longest: int = _WIDEST) -> list[list[str]]:
    """Cells that may be of any text, as they can be printed."""
    return [[shorten(printable(cell), longest) for cell in row] for row in rows]


def fold(cells: Sequence[str]) -> list[str]:
    """The cells of one row in lines that are short enough; those that do not fit go to the next line, or are wrapped.

    Only a word that is too long by itself makes a line too long.
    """
    width = find_width()
    lines: list[str] = []
    for (cell,) in tame([[cell] for cell in cells if cell], 2 * _WIDEST):
        if lines and measure(lines[-1]) + len(_GAP) + measure(cell) <= width:
            lines[-1] += _GAP + cell
        elif cell.strip():
            first, *rest = wrap(cell, width - 4 if lines else width, "" if lines else "    ")
            lines += [f"    {line}" for line in (first, *rest)] if lines else [first, *rest]
    return lines


def _lay_out(rows: Rows, width: int) -> list[str]:
    """The lines of rows in columns as wide as their cells; empty if they are too long."""
    columns = [max(map(measure, column)) for column in zip(*rows, strict=True)]
    lines = [_join(row, columns) for row in rows]
    return lines if max(map(measure, lines), default=0) <= width else []


def _fold_columns(rows: Rows, width: int) -> list[list[str]]:
    """The lines of each row, whose cells are folded in their columns; empty if there is no room for their words.

    The last cell stands below the others where its column would be a narrow one, or none at all.
    """
    columns = _allot(rows, width)
    if not columns:  # because of long words in a few rows?
        columns = _allot([row for row in rows if max(map(find_longest, row)) <= _LONGEST], width)
    wanted = max(measure(row[-1]) for row in rows)
    if len(rows[0]) > 2 and (not columns or columns[-1] < _LEAST < wanted):
        above = _fold_columns([row[:-1] for row in rows], width)
        below = [wrap(row[-1], width - 4) if row[-1] else [] for row in rows]
        return [first + [f"    {line}" for line in rest] for first, rest in zip(above, below, strict=False)]
    if not columns:
        return []
    blocks = []
    for row in rows:
        if any(find_longest(cell) > size for cell, size in zip(row, columns, strict=True)):
            blocks.append(fold(row))
            continue
        cells = [wrap(cell, size) for cell, size in zip(row, columns, strict=True)]
        height = max(map(len, cells))
        blocks.append([_join([cell[n] if n < len(cell) else "" for cell in cells], columns) for n in range(height)])
    return blocks


def _allot(rows: Rows, width: int) -> list[int]:
    """How wide each column is where not all can be as wide as their cells; empty if their words have no room."""
    wanted = [max(map(measure, column)) for column in zip(*rows, strict=True)]
    columns = [max(map(_find_least, column)) for column in zip(*rows, strict=True)]
    room = width - sum(columns) - len(_GAP) * (len(columns) - 1)
    if room < 0:
        return []
    while room and columns != wanted:  # a blank at a time, to the column whose cells are the highest
        highest = max(range(len(columns)), key=lambda n: (wanted[n] > columns[n], wanted[n] / max(1, columns[n])))
        columns[highest] += 1
        room -= 1
    return columns


def _find_least(cell: str) -> int:
    """The least columns that a cell is to have."""
    whole = measure(cell)
    return whole if whole <= _SHORTEST else find_longest(cell)


def _join(row: Sequence[str], columns: Sequence[int]) -> str:
    return _GAP.join(map(pad, row, columns)).rstrip()
