"""The usage command: what calls have used and cost."""

from __future__ import annotations

import csv
import io
from typing import Any

import click

from modelhub.cli.printing import print_json
from modelhub.cli.tables import print_table
from modelhub.stores.usage_stores import parse_usage
from modelhub.usage.report import WAYS, read_report

_COUNTS = ("calls", "errors", "prompt_tokens", "completion_tokens", "cached_tokens", "cost", "currency")


@click.command()
@click.option("--by", type=click.Choice(WAYS), default="model", show_default=True, help="What calls are grouped by.")
@click.option("--since", metavar="TIME", help="How long ago (7d, 24h, 30m), or a date: calls that began after it.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@click.option(
    "--store", metavar="STORE", help="A path or a postgresql:// address [$MODELHUB_USAGE, or the user's data]"
)
def usage(by: str, since: str | None, form: str, store: str | None) -> None:
    """What calls have used and cost, as the observer `usage` has kept it.

    \b
    modelhub usage --by day --since 7d
    modelhub usage --by tag --format csv

    An unknown cost is left empty; amounts of different currencies have a row each.
    """
    try:
        rows = read_report(parse_usage(store), by, since)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if form == "json":
        print_json(rows)
    elif form == "csv":
        click.echo(_write_csv([by, *_COUNTS], rows), nl=False)
    else:
        print_table(
            [
                [by, *(name.removesuffix("_tokens") for name in _COUNTS)],
                *([_show(name, row[name]) for name in (by, *_COUNTS)] for row in rows),
            ]
        )


def _write_csv(names: list[str], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _show(name: str, value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6f}" if name == "cost" and value < 0.01 else f"{value:.4f}" if name == "cost" else str(value)
