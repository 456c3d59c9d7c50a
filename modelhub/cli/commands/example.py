"""The example command: a program and its config, to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from modelhub.authoring.programs import PROGRAMS, build_program, write_program


@click.command()
@click.argument("name", type=click.Choice(sorted(PROGRAMS)))
@click.option("-o", "--output", metavar="DIR", help="Where to write it [NAME]")
def example(name: str, output: str | None) -> None:
    """Write a program that asks models, and its config, and print the line that runs it; nothing is overwritten.

    \b
    modelhub example chat          a chat in the terminal, in the folder chat
    modelhub example agent -o .    a model that calls functions of yours
    modelhub example search        the texts nearest to a question, by embeddings
    modelhub example classify      labels for the lines of a file, many at a time
    modelhub example vision        questions about pictures
    modelhub example fastapi       a web service whose answers are streams

    Without a key: `modelhub mock` in one terminal, and in another one MODELHUB_PROFILE=mock in front of the line.
    """
    folder = Path(output or name)
    command, files = build_program(name)
    write_program(folder, files)
    click.echo(command if folder == Path() else f"cd {shlex.quote(str(folder))} && {command}")
