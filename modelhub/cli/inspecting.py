"""Commands that read configs: validate, list, show."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from modelhub.cli.printing import print_json, print_table
from modelhub.cli.reports import REPORTS
from modelhub.cli.sources import config_option, find_configs
from modelhub.registry import ModelRegistry


@click.command(short_help="Check config files.")
@click.argument("paths", nargs=-1, metavar="PATHS...")
@click.option("--format", "style", type=click.Choice(list(REPORTS)), default="text", help="How to print problems.")
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
def validate(paths: Sequence[str], style: str, strict: bool) -> None:
    """Check config files; needs no keys and no network, and runs no plugin code.

    \b
    modelhub validate models.yaml
    modelhub validate configs/ more.toml --strict
    modelhub validate --format github models.yaml     (also json, sarif, junit)
    cat models.yaml | modelhub validate -

    Exit code: 0 clean, 1 problems, 2 wrong usage.
    """
    from modelhub import configs

    entries, problems = [], []
    for path in paths or [find_configs(None)]:
        if path == "-":
            loaded = configs.load_text(sys.stdin.buffer.read(), name="<stdin>", format="yaml")
        else:
            loaded = configs.load(path)
        entries += loaded.entries
        problems += loaded.problems
    problems += ModelRegistry().check(entries)
    report = REPORTS[style](problems, len(entries))
    if report:
        click.echo(report)
    if any(strict or problem.severity == "error" for problem in problems):
        raise click.exceptions.Exit(1)


@click.command("list", short_help="List the models of the configs.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(path: str | None, as_json: bool) -> None:
    """The models that the configs declare.

    \b
    modelhub list -c models.yaml
    """
    with ModelRegistry(find_configs(path)) as hub:
        configs = [hub.config(name) for name in hub.names()]
    rows = [(str(c["config_name"]), str(c["model_type"]), str(c.get("model_name") or "")) for c in configs]
    if as_json:
        print_json([dict(zip(("config_name", "model_type", "model_name"), row, strict=True)) for row in rows])
    else:
        print_table(rows)


@click.command(short_help="Show one config, secrets masked.")
@click.argument("name")
@config_option
def show(name: str, path: str | None) -> None:
    """One model's config as JSON, with its secrets masked.

    \b
    modelhub show gpt -c models.yaml
    """
    with ModelRegistry(find_configs(path)) as hub:
        print_json(hub.config(name))
