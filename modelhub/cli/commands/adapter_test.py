"""The adapter test command: recorded exchanges, played through configs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from modelhub.cli.streams import plugins_apart
from modelhub.cli.tables import fold, print_table
from modelhub.printable import printable
from modelhub.testing.playing import KINDS, Played, play_fixtures


@click.command("test")
@click.argument("config", metavar="CONFIG")
@click.argument("fixtures", metavar="[FIXTURES]", required=False)
def test(config: str, fixtures: str | None) -> None:
    """Play the recorded exchanges of the folder FIXTURES through the configs of CONFIG, and say what is amiss.

    Without FIXTURES, it is the folder fixtures beside CONFIG. No key and no network are needed, and nothing waits.

    \b
    {"request": {"input": "Hi", "temperature": 0},
     "replies": [{"status": 200, "headers": {}, "body": {"answer": "Hello"}}],
     "expect": {"text": "Hello", "finish_reason": "stop"}}

    Exit code: 0 all is as expected, 1 something is not, 2 a file is missing.
    """
    if not Path(config).exists():
        raise click.UsageError(f"{config} is not there")
    folder = Path(fixtures) if fixtures else find_beside(Path(config))
    if not folder.exists():
        hint = "" if fixtures else "; record some there, or name the folder"
        raise click.UsageError(f"{folder} is not there{hint}")
    with plugins_apart():
        played = play_fixtures(config, folder)
    print_table(tabulate(played))
    missed = [each for each in played if each.misses]
    for each in missed:
        click.echo(f"\n{printable(each.file)} ({each.kind}{f' of {printable(each.config)}' if each.config else ''})")
        for said in each.misses:
            for line in fold(["  " + said]):
                click.echo(line)
    if missed:
        click.echo(f"{len(missed)} of {len(played)} missed", err=True)
        raise click.exceptions.Exit(1)


def find_beside(config: Path) -> Path:
    """The folder of the fixtures of a config file: ``fixtures`` beside it, or the one in it that is called like it."""
    folder = config / "fixtures" if config.is_dir() else config.parent / "fixtures"
    own = folder / config.stem
    return own if own.is_dir() and not config.is_dir() else folder


def tabulate(played: Sequence[Played]) -> list[list[str]]:
    """A row for each config, with what is as expected of each kind, and what is not."""
    rows = [["config", *KINDS]]
    for name in dict.fromkeys(each.config for each in played):
        row = [name or "?"]
        for kind in KINDS:
            mine = [each for each in played if each.config == name and each.kind == kind]
            bad = sum(bool(each.misses) for each in mine)
            good = len(mine) - bad
            cells = ([f"{good} ok"] if good else []) + ([f"{bad} missed"] if bad else [])
            row.append(", ".join(cells) or "-")
        rows.append(row)
    return rows
