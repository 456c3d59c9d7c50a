"""The new command: a config to start from."""

from __future__ import annotations

import click

from modelhub.authoring.template import build_sketch, print_sketch
from modelhub.cli.printing import print_json
from modelhub.cli.sources import import_option
from modelhub.errors import PluginError
from modelhub.registry.types import KnownTypes
from modelhub.validation import suggest
from modelhub.vendors import Vendor, list_vendors


@click.command()
@click.argument("kind", metavar="TYPE")
@click.argument("name", required=False)
@import_option
@click.option("--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", help="The default is yaml.")
def new(kind: str, name: str | None, format_: str) -> None:
    """A valid config of TYPE called NAME, with the optional keys commented out. A vendor stands for its chats.

    \b
    modelhub new openai_chat gpt > models.yaml
    modelhub new groq llama >> models.yaml
    """
    known = KnownTypes({})
    model_type, vendor = select_kind(kind, known)
    schema = known.find_schema(model_type) or {}
    sketch = build_sketch(model_type, schema, name, vendor)
    if format_ == "json":
        print_json([{key.name: key.value for key in sketch if key.used}])
    else:
        click.echo(print_sketch(sketch, schema), nl=False)


def select_kind(kind: str, known: KnownTypes) -> tuple[str, Vendor | None]:
    """The model_type called ``kind``, or the vendor of that name and the type of its chats; else raises PluginError."""
    if kind in known:
        return kind, None
    vendors = {vendor.name: vendor for vendor in list_vendors() if vendor.model}
    if kind in vendors:
        return vendors[kind].model_types["chat"], vendors[kind]
    near = suggest(kind, [*known, *vendors])
    hint = f"did you mean {near!r}?" if near else "`modelhub types` lists the types, docs/reference.md the vendors"
    raise PluginError(f"there is no model_type and no vendor {kind!r}; {hint}")
