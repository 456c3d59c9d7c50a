"""The adapter infer command: a config made of a recording."""

from __future__ import annotations

from pathlib import Path

import click

from modelhub import configs
from modelhub.authoring.adapter import NothingToRead, infer, read_recorded
from modelhub.authoring.adapter.recorded import Request, decode, read_request
from modelhub.cli.reports import report_text
from modelhub.configs.sources.files import Unreadable, read_file
from modelhub.registry import checking


@click.command("infer")
@click.option("--reply", "reply", metavar="FILE", required=True, help="The reply: its body, or a recorded exchange.")
@click.option("--stream", "stream", metavar="FILE", help="The text of a streamed reply.")
@click.option("--request", "request", metavar="FILE", help="What was sent: the body, or with address and headers.")
def infer_(reply: str, stream: str | None, request: str | None) -> None:
    """Print a config that reads a recorded reply, and others like it; comments say what was guessed.

    \b
    modelhub adapter infer --reply reply.json --stream stream.txt --request request.json

    Keys that stand in the request become references such as ${API_KEY}; they are never printed.

    Exit code: 0 printed, 1 there is no answer in the reply, 2 a file is missing.
    """
    recorded = read_recorded(_read(reply))
    streamed = decode(_read(stream))[0] if stream is not None else None
    asked = _read_request(request) if request is not None else None
    try:
        made = infer(recorded, streamed, asked)
    except NothingToRead as error:
        raise click.ClickException(f"there is no answer to read in {reply}: {error}") from None
    text = made.write()
    _verify(text)
    click.echo(text, nl=False)


def _read(name: str) -> bytes:
    if not Path(name).exists():
        raise click.UsageError(f"{name} is not there")
    try:
        return read_file(name)
    except Unreadable as error:
        raise click.ClickException(f"{name}: {error}") from None


def _read_request(name: str) -> Request:
    try:
        return read_request(_read(name))
    except ValueError as error:
        raise click.ClickException(f"{name}: the request is neither JSON nor a form: {error}") from None


def _verify(text: str) -> None:
    """Raise an error for a text that `modelhub validate` would refuse."""
    loaded = configs.load_text(text.encode(), name="<inferred>", format="yaml")
    problems = [*loaded.problems, *checking.check(loaded.entries)]
    if problems:
        click.echo("modelhub made a config that is not valid, which is its own mistake; please report it:", err=True)
        click.echo(report_text(problems, 0), err=True)
        raise click.exceptions.Exit(1)
