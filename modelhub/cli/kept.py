"""The files that a load test is kept in: a picture, JSON and CSV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from modelhub.cli.streams import UnwrittenError, describe, save, say
from modelhub.load import picture
from modelhub.load.report import build_table

Levels = Sequence[Mapping[str, Any]]


class Kept:
    """Where the results go: files to write at the end, and tables for people to read at once.

    A usage error for a picture in a format that cannot be drawn. Where one cannot be drawn because matplotlib is not
    installed, it is said, and ``lacks_picture``. If a file is ``-``, it is standard output, and tables go to stderr.
    """

    def __init__(self, plot: str | None, report: str | None, table: str | None) -> None:
        self._plot = plot
        self._report = report
        self._table = table
        self.lacks_picture = False
        if plot is not None:
            if Path(plot).suffix.lower() not in picture.ENDINGS:
                raise click.UsageError(f"--plot {plot}: the name of a picture ends with {', '.join(picture.ENDINGS)}")
            self.lacks_picture = not picture.is_possible()
        if self.lacks_picture:
            say(f"{plot} needs matplotlib: `pip install matplotlib`; without it, there are only the bars here")

    def show(self, lines: Iterable[str]) -> None:
        """Print lines for people, and an empty line after them."""
        to_stderr = "-" in (self._report, self._table)
        for line in (*lines, ""):
            click.echo(line, err=to_stderr)

    def write(self, document: Mapping[str, Any], levels: Levels, objectives: Mapping[str, float]) -> None:
        """Write what was asked for; one that cannot be written keeps none of the others from it."""
        failure: UnwrittenError | None = None
        actions: list[Callable[[], None]] = [
            lambda: _write(self._report, orjson.dumps(document).decode() + "\n"),
            lambda: _write(self._table, build_table(levels)),
            lambda: self._draw(levels, objectives),
        ]
        for action in actions:
            try:
                action()
            except UnwrittenError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    def _draw(self, levels: Levels, objectives: Mapping[str, float]) -> None:
        if self._plot is None or self.lacks_picture or not levels:
            return
        try:
            picture.draw(levels, Path(self._plot), objectives)
        except OSError as error:
            raise UnwrittenError(f"{self._plot} cannot be written: {describe(error)}") from error


def _write(name: str | None, text: str) -> None:
    if name == "-":
        click.echo(text, nl=False)
    elif name is not None:
        save(name, text)


def has_blocks() -> bool:
    """Whether standard output can show the letters of bars."""
    try:
        "─█▒".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
