"""The import command, which converts configs of other programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import click
import orjson

from modelhub import configs
from modelhub.authoring.importers import PROGRAMS, Imported, import_text
from modelhub.authoring.importers.reading import Unconverted
from modelhub.authoring.yaml_writer import write_block
from modelhub.cli.printing import count
from modelhub.cli.reports import report_text
from modelhub.cli.streams import read_input, save, say
from modelhub.configs.sources.files import Unreadable, read_file
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean
from modelhub.errors import Problem
from modelhub.overriding import override
from modelhub.registry import checking


class _Command(click.Command):
    """A command whose help lists the programs."""

    @override
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Programs"):
            formatter.write_dl([(name, f"{row.title}: {row.files}") for name, row in PROGRAMS.items()])


@click.command("import", cls=_Command)
@click.argument("words", metavar="[PROGRAM] FILE", nargs=-1, required=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The default is to print it.")
@click.option("--format", "format_", type=click.Choice(["yaml", "json"]), help="The default is the output's, or yaml.")
@click.option("--routes", is_flag=True, help="LiteLLM: write routers for groups of models, and fallbacks.")
@click.option("--force", is_flag=True, help="Overwrite the output.")
def import_(words: tuple[str, ...], output: Path | None, format_: str | None, routes: bool, force: bool) -> None:
    """Convert the config of another program, FILE or - for standard input, to model configs.

    Whose config it is, is found by what is in it; PROGRAM says it. Keys become references to the environment. What
    modelhub has no place for is told on standard error, line by line.

    \b
    modelhub import opencode.json -o models.yaml
    modelhub import litellm config.yaml -o models.yaml
    modelhub validate models.yaml

    Exit code: 0 converted, 1 a model is lost, 2 wrong usage.
    """
    program, file = _read_words(words)
    if output is not None and not force and os.path.lexists(output):
        raise click.UsageError(f"{output} exists; name another file, or add --force")
    try:
        content = read_input() if file == "-" else read_file(file)
        imported = import_text(content, "<stdin>" if file == "-" else file, checking.check, program, routes=routes)
    except Unreadable as error:
        _fail([Problem("MH101", str(error), error.hint, file)])
    except Unconverted as error:
        _fail(error.problems)
    for line in imported.notes.write():
        say(line)
    if imported.models:
        _hand_out(imported, output, format_)
    errors = imported.notes.errors
    verdict = f"{count(imported.models, 'model')} converted"
    click.echo(verdict + (f", {count(errors, 'error')}" if errors else ""), err=True)
    if errors or not imported.models:
        raise click.exceptions.Exit(1)


def _read_words(words: tuple[str, ...]) -> tuple[str | None, str]:
    """The program, None when it is not named, and the file."""
    *programs, file = words
    if len(programs) > 1:
        raise click.UsageError("name one FILE, and perhaps its PROGRAM before it")
    if not programs and file in PROGRAMS and not os.path.lexists(file):
        raise click.UsageError(f"name the FILE of {file}: modelhub import {file} FILE")
    for program in programs:
        if program not in PROGRAMS:
            near = suggest(program, list(PROGRAMS))
            hint = did_you_mean(near) if near else f"there are {', '.join(PROGRAMS)}"
            raise click.UsageError(f"no importer is called '{program}'; {hint}")
    return next(iter(programs), None), file


def _hand_out(imported: Imported, output: Path | None, format_: str | None) -> None:
    format_ = format_ or ("json" if output and output.suffix.lower() == ".json" else "yaml")
    text = _write(imported.data, format_)
    _verify(text, format_)
    if output is None:
        click.echo(text, nl=False)
    else:
        save(str(output), text)


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
