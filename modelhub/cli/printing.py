"""How the commands print: with colours on a terminal, tables in columns, and JSON for programs."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import click
import orjson


def colour(text: str, **style: Any) -> str:
    """``text`` in a style, unless NO_COLOR is set; click itself removes styles if the output is not a terminal."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)


def print_json(value: Any) -> None:
    """Indented JSON on stdout."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode())


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows in columns as wide as they need to be; if the lines get too long, each row is folded by itself."""
    if not rows:
        return
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if max(map(len, lines)) > find_width():
        lines = [line for row in rows for line in fold(row)]
    for line in lines:
        click.echo(line)


def fold(cells: Sequence[str]) -> list[str]:
    """The cells of one row in lines that are short enough; those that do not fit go to the next line, or are wrapped.

    Only a word that is too long by itself makes a line too long.
    """
    width = find_width()
    lines: list[str] = []
    for cell in filter(None, cells):
        if lines and len(lines[-1]) + 2 + len(cell) <= width:
            lines[-1] += f"  {cell}"
        else:
            indent = "    " if lines else ""
            wrapper = textwrap.TextWrapper(width, indent, "    ", break_long_words=False, break_on_hyphens=False)
            lines += wrapper.wrap(cell)
    return lines


def find_width() -> int:
    """The columns of the terminal, at least 80; 80 where there is none."""
    return max(80, shutil.get_terminal_size((80, 24)).columns) if sys.stdout.isatty() else 80


def count(number: int, noun: str) -> str:
    """``1 model``, ``2 models``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
