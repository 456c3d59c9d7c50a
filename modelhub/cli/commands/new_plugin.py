"""The new-plugin command: a package of one's own that brings a model_type."""

from __future__ import annotations

from pathlib import Path

import click

from modelhub.authoring.new_plugin import build_package, find_objection, write_package
from modelhub.registry.installed import WRAPPERS


@click.command("new-plugin")
@click.argument("name")
@click.option("--adapter", is_flag=True, help="A protocol in YAML in place of a wrapper in Python.")
@click.option("-o", "--output", metavar="FOLDER", help="The new folder [modelhub-NAME]")
def new_plugin(name: str, adapter: bool, output: str | None) -> None:
    """Write an installable package that brings the model_type NAME_chat, with its tests, to start from.

    \b
    modelhub new-plugin acme               modelhub-acme/, with a wrapper in Python
    modelhub new-plugin acme --adapter     the same, whose wrapper is a config in YAML
    """
    objection = find_objection(name, [each.name for each in WRAPPERS.plugins if each.built_in])
    if objection is not None:
        raise click.UsageError(f"{objection}; nothing was written")
    distribution, files = build_package(name, "adapter" if adapter else "wrapper")
    folder = Path(output or distribution)
    write_package(folder, files)
    click.echo(f"{folder} has {len(files)} files; README.md says what to write where. Try it:\n")
    click.echo(f"cd {folder}\npip install -e '.[test]'\npytest")
