"""The schema command: the JSON Schema of a model_type, or of whole config files."""

from __future__ import annotations

from typing import Any

import click

from modelhub.authoring.editor_schema import build_bundle, find_flaw, print_bundle
from modelhub.cli.choose import select_type
from modelhub.cli.sources import import_option
from modelhub.cli.streams import plugins_apart, save, say
from modelhub.errors import PluginError
from modelhub.registry.installed import WRAPPERS
from modelhub.registry.types import KnownTypes
from modelhub.validation import load_bundle


@click.command()
@click.argument("model_type", required=False)
@import_option
@click.option("--bundle", is_flag=True, help="One schema for whole files, for editors.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="Write it to a file.")
def schema(model_type: str | None, bundle: bool, output: str | None) -> None:
    """The JSON Schema of one model_type, of all, or of whole config files, with the types of installed plugins
    and of the classes in an --import.

    \b
    modelhub schema openai_chat
    modelhub schema --bundle -o models.schema.json
    modelhub schema parrot --import my_wrappers
    \b
    With this as the first line of models.yaml, editors then complete and check it:
    # yaml-language-server: $schema=models.schema.json
    """
    if model_type is not None and bundle:
        raise click.UsageError("--bundle is about all model_types; leave the model_type out")
    known = KnownTypes({})
    with plugins_apart():
        if model_type is not None:
            text = print_bundle(load_bundle(known.find_schema(select_type(model_type, known)) or {}))
        else:
            schemas = _read_all(known, bundle)
            whole = build_bundle(schemas) if bundle else {name: load_bundle(schemas[name]) for name in schemas}
            text = print_bundle(whole)
    if output is None:
        click.echo(text, nl=False)
        return
    save(output, text)
    click.echo(output)


def _read_all(known: KnownTypes, bundle: bool) -> dict[str, dict[str, Any]]:
    """The schemas of all types; those that cannot be used are named on stderr."""
    schemas = {}
    for name in dict.fromkeys((*WRAPPERS.list_names(), *known)):
        try:
            schemas[name] = known.find_schema(name) or {"type": "object"}
            if bundle and (flaw := find_flaw(schemas[name])):
                del schemas[name]
                say(f"left out: {WRAPPERS.find(name) or name}: {flaw}")
        except PluginError as error:
            say(f"left out: {error}")
    return schemas
