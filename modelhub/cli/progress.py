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


class StatusLine:
    """A line of stderr, which must be a terminal, that changes while something goes on."""

    def __init__(self) -> None:
        self._shown = 0

    @property
    def width(self) -> int:
        """The columns that it has; the last of the terminal's stays free, or some would begin a new line."""
        return shutil.get_terminal_size((80, 24)).columns - 1

    def show(self, text: str) -> None:
        """Show ``text``, as much of it as there is room for, in place of what was shown."""
        text = cut(text, self.width)
        self._write(pad(text, self._shown))
        self._shown = measure(text)

    def clear(self) -> None:
        """Take it away."""
        if self._shown:
            self._write(f"{' ' * self._shown}\r")
            self._shown = 0

    def _write(self, text: str) -> None:
        with suppress(OSError):
            click.echo(f"\r{text}", nl=False, err=True)


@contextmanager
def progress(label: str, noun: str) -> Iterator[Callable[[float, int], None]]:
    """What is to be told the share that is done, and a number of things; the bar goes when the context ends.

    It is on stderr, and only where that is a terminal.
    """
    if not sys.stderr.isatty():
        yield lambda share, number: None
        return
    line = StatusLine()
    next_look = 0.0

    def tell(share: float, number: int) -> None:
        nonlocal next_look
        now = time.monotonic()
        if now < next_look:
            return
        next_look = now + _PAUSE
        done = f"{min(share, 1):4.0%}  {number:,} {noun}"
        room = min(line.width - measure(f"{label}  [] {done}"), _LENGTH)
        line.show(f"{label}  {f'{draw_bar(share, room)} ' if room > 0 else ''}{done}")

    tell(0.0, 0)
    try:
        yield tell
    finally:
        line.clear()


def draw_bar(share: float, length: int) -> str:
    """A bar of so many letters, of which that share is full."""
    done = min(int(share * length), length)
    return f"[{'#' * done}{'.' * (length - done)}]"
