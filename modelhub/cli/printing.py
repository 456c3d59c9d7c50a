"""How the commands print: with colours on a terminal, tables in columns, and JSON for programs."""

from __future__ import annotations

import os
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
    """Rows in columns as wide as they need to be."""
    if not rows:
        return
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def count(number: int, noun: str) -> str:
    """``1 model``, ``2 models``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
