"""The import commands, which convert configs of other programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import click
import orjson

from modelhub import configs
from modelhub.authoring.litellm import import_litellm, read_config
from modelhub.authoring.yaml_writer import write_block
from modelhub.cli.printing import count
from modelhub.cli.reports import report_text
from modelhub.cli.streams import read_input, save, say
from modelhub.configs.sources.files import Unreadable, read_file
from modelhub.errors import Problem
from modelhub.registry import checking


@click.group("import")
def import_() -> None:
    """Convert the config of another program to model configs.

    \b
    modelhub import litellm config.yaml -o models.yaml
    """


@import_.command(short_help="Convert the config of a LiteLLM proxy.")
@click.argument("config", metavar="CONFIG")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The default is to print it.")
@click.option("--format", "format_", type=click.Choice(["yaml", "json"]), help="The default is the output's, or yaml.")
@click.option("--force", is_flag=True, help="Overwrite the output.")
def litellm(config: str, output: Path | None, format_: str | None, force: bool) -> None:
    """Convert the config.yaml of a LiteLLM proxy, CONFIG or - for standard input.

    Keys become references to the environment. What modelhub has no place for is told on standard error, line by line.

    \b
    modelhub import litellm config.yaml -o models.yaml
    modelhub validate models.yaml

    Exit code: 0 converted, 1 something was not converted that a model needs, 2 wrong usage.
    """
    if output is not None and not force and os.path.lexists(output):
        raise click.UsageError(f"{output} exists; name another file, or add --force")
    try:
        content = read_input() if config == "-" else read_file(config)
    except Unreadable as error:
        _fail([Problem("MH101", str(error), error.hint, config)])
    documents, problems = read_config(content, "<stdin>" if config == "-" else config)
    if any(problem.severity == "error" for problem in problems):
        _fail(problems)
    imported = import_litellm(documents, checking.check)
    for line in imported.notes.write():
        say(line)
    errors = imported.notes.errors
    if imported.models:
        format_ = format_ or ("json" if output and output.suffix.lower() == ".json" else "yaml")
        text = _write(imported.data, format_)
        _verify(text, format_)
        if output is None:
            click.echo(text, nl=False)
        else:
            save(str(output), text)
    verdict = f"{count(imported.models, 'model')} converted"
    click.echo(verdict + (f", {count(errors, 'error')}" if errors else ""), err=True)
    if errors or not imported.models:
        raise click.exceptions.Exit(1)


def _write(data: dict[str, object], format: str) -> str:
    if format == "json":
        return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    return write_block(data)


def _verify(text: str, format: str) -> None:
    """Raise an error for a text that `modelhub validate` would refuse."""
    loaded = configs.load_text(text.encode(), name="<converted>", format=format)
    found = [*loaded.problems, *checking.check(loaded.entries)]
    wrong = [problem for problem in found if problem.severity == "error"]
    if wrong:
        click.echo("modelhub made a config that is not valid, which is its own mistake; please report it:", err=True)
        _fail(wrong)


def _fail(problems: list[Problem]) -> NoReturn:
    click.echo(report_text(problems, 0), err=True)
    raise click.exceptions.Exit(1)
