"""How the commands print: with colours on a terminal, tables in columns, and JSON for programs.

Text of files and of command lines passes through here, or through ``modelhub.errors.Problem``: both make it printable.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

import click
import orjson

from modelhub.printable import printable, shorten

_WIDEST = 300  # characters of a cell of a table
_SEEN = re.compile(r"[^\n\x20-\x7e]")


def colour(text: str, **style: Any) -> str:
    """``text`` in a style, unless NO_COLOR is set; click itself removes styles if the output is not a terminal."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)


def print_json(value: Any) -> None:
    """Indented JSON on stdout."""
    click.echo(write_json(value))


def write_json(value: Any) -> str:
    """Indented JSON; what cannot be seen is written as ``\\u202e``, and half a character as text of that kind."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode()
    except TypeError:  # orjson refuses half characters, which a file name of another encoding has
        text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return text if text.isascii() and "\x7f" not in text else _SEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char.isprintable():
        return char
    return f"\\{printable(char)}" if "\ud800" <= char <= "\udfff" else json.dumps(char)[1:-1]


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows in columns as wide as they need to be; if the lines get too long, each row is folded by itself."""
    if not rows:
        return
    rows = [[shorten(printable(cell), _WIDEST) for cell in row] for row in rows]
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
    for cell in map(printable, filter(None, cells)):
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
