"""The stubs command: the names of models, for type checkers and editors."""

from __future__ import annotations

from pathlib import Path

import click

from modelhub.authoring.stubs import build_stub
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.cli.streams import UnwrittenError, describe, save
from modelhub.registry import ModelRegistry
from modelhub.validation import find_task


@click.command()
@config_option
@profile_option
@python_option
@click.option("-o", "--output", metavar="FOLDER", default="typings", show_default=True, help="The folder of stubs.")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if the stub is not what would be written.")
def stubs(paths: tuple[str, ...], profile: str | None, allow_python: bool, output: str, check: bool) -> None:
    """Write a stub that knows the names of your models, for type checkers and editors.

    \b
    modelhub stubs -c models.yaml -o typings
    modelhub stubs -c models.yaml -o typings --check    in CI

    With it, get_model("gtp") is an error to mypy and pyright, and get_model("emb") an EmbeddingWrapper. pyright looks
    into typings by itself; mypy is told by mypy_path = "typings".
    """
    with ModelRegistry(find_configs(paths), profile=profile, allow_python=allow_python) as hub:
        text = build_stub({name: find_task(hub.capabilities(name)) for name in hub.names()})
    file = Path(output) / "modelhub" / "__init__.pyi"
    if check:
        if not file.is_file() or file.read_text("utf-8") != text:
            what = "is not what the configs say" if file.is_file() else "is not there"
            click.echo(f"{file} {what}; `modelhub stubs -o {output}` writes it", err=True)
            raise click.exceptions.Exit(1)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwrittenError(f"{file.parent} cannot be written: {describe(error)}") from error
    save(str(file), text)
    click.echo(str(file))
