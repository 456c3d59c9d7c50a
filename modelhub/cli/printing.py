"""How the commands print: with colours on a terminal, and JSON for programs."""

# Text of files and of command lines passes through here, through `tables`, or through `modelhub.errors.Problem`, which
# all make it printable.

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from typing import Any

import click
import orjson

from modelhub.printable import printable

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


def write_answer(text: str) -> str:
    """What a model answered: whole, and on a terminal without what does something to it."""
    return printable(text, keep="\n\t") if sys.stdout.isatty() else text


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char.isprintable():
        return char
    return f"\\{printable(char)}" if "\ud800" <= char <= "\udfff" else json.dumps(char)[1:-1]


def find_width() -> int:
    """The columns of the terminal, at least 80; 80 where there is none."""
    return max(80, shutil.get_terminal_size((80, 24)).columns) if sys.stdout.isatty() else 80


def count(number: int, noun: str) -> str:
    """``1 model``, ``2 models``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
