"""The validate command: what is wrong with config files."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import click

from modelhub import configs
from modelhub.cli.patterns import expand
from modelhub.cli.reports import REPORTS
from modelhub.cli.sources import config_option, find_named, profile_option, python_option
from modelhub.cli.streams import plugins_apart, read_input
from modelhub.configs.sources.files import MAX_BYTES
from modelhub.configs.sources.guess import guess_format
from modelhub.errors import Problem
from modelhub.registry.profiles import check_profiles, select_layers
from modelhub.registry.types import KnownTypes
from modelhub.secrets import mask_keys


@click.command()
@click.argument("files", nargs=-1, metavar="[PATHS]...")
@config_option
@click.option("--format", "style", type=click.Choice(list(REPORTS)), default="text", help="How to print problems.")
@click.option("--strict", is_flag=True, help="Let warnings fail too, such as a key in plain text.")
@click.option(
    "--env", is_flag=True, help="Check also what every ${...} stands for now: that it is set, can be read and fits."
)
@profile_option
@python_option
def validate(
    files: tuple[str, ...],
    paths: tuple[str, ...],
    style: str,
    strict: bool,
    env: bool,
    profile: str | None,
    allow_python: bool,
) -> None:
    """Check config files; needs no keys and no network, and runs no plugin code (--env asks those for secrets).

    PATHS are files, folders, quoted patterns, or - for standard input (YAML, JSON or TOML); without any, what the other
    commands read. An address such as https://host/models.yaml is asked, as in `init`. The configs are checked as they
    are written and under each of their profiles, or under one, which --profile names; "" is none.

    \b
    modelhub validate models.yaml
    modelhub validate configs/ 'teams/**/*.toml' --strict
    modelhub validate --env models.yaml               is all it refers to set, and right?
    modelhub validate --format github models.yaml     (also json, sarif, junit)
    cat models.yaml | modelhub validate -
    modelhub explain-code MH103                       what does that problem mean?

    Exit code: 0 clean, 1 problems, 2 wrong usage.
    """
    sources, types = configs.Sources(), KnownTypes({}, allow_python=allow_python)
    named, idle = expand(find_named([*paths, *files]))
    problems = [Problem("MH101", "the pattern matches no config file", file=pattern) for pattern in idle]
    with plugins_apart():
        for path in named:
            if path != "-":
                sources.add(path)
            else:
                text = read_input(MAX_BYTES + 1)
                sources.add_text(text, name="<stdin>", format=guess_format(text))
        checked = check_profiles(sources, select_layers(sources, profile), types, environment=env, strict=strict)
    problems += checked.problems
    if strict:  # what fails the run is a failure in every report
        problems = [replace(problem, severity="error") for problem in problems]
    report = mask_keys(REPORTS[style](problems, checked.configs, checked.sound))  # a key may be a name, too
    if report:
        with contextlib.suppress(BrokenPipeError):  # who stops reading gets the verdict all the same
            click.echo(report)
    if any(problem.severity == "error" for problem in problems):
        raise click.exceptions.Exit(1)
