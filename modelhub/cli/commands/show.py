"""The show command: one config as it is in effect, or what its model can do."""

from __future__ import annotations

import click

from modelhub.cli.printing import print_json
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.registry import ModelRegistry


@click.command()
@click.argument("name")
@click.argument("files", nargs=-1, metavar="[PATHS]...")
@config_option
@profile_option
@python_option
@click.option("--capabilities", is_flag=True, help="Print what the model can do instead.")
def show(
    name: str,
    files: tuple[str, ...],
    paths: tuple[str, ...],
    profile: str | None,
    allow_python: bool,
    capabilities: bool,
) -> None:
    """The config called NAME as JSON, with its secrets masked.

    \b
    modelhub show gpt models.yaml
    modelhub show gpt --capabilities
    """
    with ModelRegistry(find_configs([*paths, *files]), profile=profile, allow_python=allow_python) as hub:
        print_json(hub.capabilities(name) if capabilities else hub.config(name))
