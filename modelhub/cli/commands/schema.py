"""The schema command: the JSON Schema of a model_type, or of whole config files."""

from __future__ import annotations

import click

from modelhub.authoring.editor_schema import build_bundle, find_flaw, print_bundle
from modelhub.cli.choose import select_type
from modelhub.cli.streams import save
from modelhub.errors import PluginError
from modelhub.registry.installed import WRAPPERS
from modelhub.validation import load_bundle


@click.command()
@click.argument("model_type", required=False)
@click.option("--bundle", is_flag=True, help="One schema for whole files, for editors.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="Write it to a file.")
def schema(model_type: str | None, bundle: bool, output: str | None) -> None:
    """The JSON Schema of one model_type, of all, or of whole config files, with the types of installed plugins.

    \b
    modelhub schema openai_chat
    modelhub schema --bundle -o models.schema.json
    \b
    With this as the first line of models.yaml, editors then complete and check it:
    # yaml-language-server: $schema=models.schema.json
    """
    if model_type is not None and bundle:
        raise click.UsageError("--bundle is about all model_types; leave the model_type out")
    if model_type is not None:
        text = print_bundle(load_bundle(WRAPPERS.schema(select_type(model_type)) or {}))
    else:
        schemas = {}
        for name in WRAPPERS.list_names():
            try:
                schemas[name] = WRAPPERS.schema(name) or {"type": "object"}
                if bundle and (flaw := find_flaw(schemas[name])):
                    del schemas[name]
                    click.echo(f"left out: {WRAPPERS.find(name)}: {flaw}", err=True)
            except PluginError as error:
                click.echo(f"left out: {error}", err=True)
        whole = build_bundle(schemas) if bundle else {name: load_bundle(schemas[name]) for name in schemas}
        text = print_bundle(whole)
    if output is None:
        click.echo(text, nl=False)
        return
    save(output, text)
    click.echo(output)
