"""Lists in the form that is asked for: columns for people, JSON for programs, a page of Markdown."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click

from modelhub.cli.printing import print_json
from modelhub.cli.tables import Rows, print_columns, tame
from modelhub.patterns import expression

Command = Callable[..., None]
_MARKS = expression(r"[\\`*<\[\]|]|(?<!\w)_|_(?!\w)")  # those that Markdown would read


class Listing(NamedTuple):
    """What there is to list: a title, what the columns are called, rows of texts, and the same for programs."""

    title: str
    head: Sequence[str]
    rows: Rows
    document: Any


def format_option(command: Command) -> Command:
    """The ``--format`` option of commands that list something, and ``--json``, which is short for one."""

    @functools.wraps(command)
    def run(*, style: str, as_json: bool, **rest: Any) -> None:
        command(style="json" if as_json else style, **rest)

    choice = click.Choice(["text", "json", "markdown"])
    run = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")(run)
    return click.option("--format", "style", type=choice, default="text", help="How to print it; the default is text.")(
        run
    )


def print_listing(listing: Listing, style: str) -> None:
    """Print a list in one of the styles; a page of Markdown has all of each cell."""
    if style == "json":
        print_json(listing.document)
    elif style == "markdown":
        click.echo(write_markdown(listing))
    elif listing.rows:
        print_columns(listing.head, listing.rows)


def write_markdown(listing: Listing) -> str:
    """A page with one table."""
    rows = [[_MARKS.sub(r"\\\g<0>", cell) for cell in row] for row in tame([listing.head, *listing.rows], 2000)]
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([f"# {listing.title}", "", head, f"|{'---|' * len(listing.head)}", *body])
