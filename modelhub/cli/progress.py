"""Shows on a terminal how far something that takes long has come."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click

from modelhub.cli.widths import cut, measure, pad

_LENGTH = 30  # letters of the bar
_PAUSE = 0.1  # seconds from one look of it to the next


@contextmanager
def progress(label: str, noun: str) -> Iterator[Callable[[float, int], None]]:
    """What is to be told the share that is done, and a number of things; the bar goes when the context ends.

    It is on stderr, and only where that is a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda share, number: None
        return
    shown = 0
    next_look = 0.0

    def tell(share: float, number: int) -> None:
        nonlocal shown, next_look
        now = time.monotonic()
        if now < next_look:
            return
        next_look = now + _PAUSE
        width = shutil.get_terminal_size((80, 24)).columns - 1
        done = f"{min(share, 1):4.0%}  {number:,} {noun}"
        room = min(width - measure(f"{label}  [] {done}"), _LENGTH)
        text = cut(f"{label}  {f'{draw_bar(share, room)} ' if room > 0 else ''}{done}", width)
        with suppress(OSError):
            click.echo(f"\r{pad(text, shown)}", nl=False, err=True)
        shown = measure(text)

    tell(0.0, 0)
    try:
        yield tell
    finally:
        with suppress(OSError):
            click.echo(f"\r{' ' * shown}\r", nl=False, err=True)


def draw_bar(share: float, length: int) -> str:
    """A bar of so many letters, of which that share is full."""
    done = min(int(share * length), length)
    return f"[{'#' * done}{'.' * (length - done)}]"
