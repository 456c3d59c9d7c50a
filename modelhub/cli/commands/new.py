"""The new command: a config to start from."""

from __future__ import annotations

import click

from modelhub.authoring.template import build_sketch, print_sketch
from modelhub.cli.printing import print_json
from modelhub.errors import PluginError
from modelhub.registry.installed import WRAPPERS
from modelhub.validation import suggest
from modelhub.vendors import Vendor, list_vendors


@click.command()
@click.argument("kind", metavar="TYPE")
@click.argument("name", required=False)
@click.option("--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", help="The default is yaml.")
def new(kind: str, name: str | None, format_: str) -> None:
    """A valid config of TYPE called NAME, with the optional keys commented out. A vendor stands for its chats.

    \b
    modelhub new openai_chat gpt > models.yaml
    modelhub new groq llama >> models.yaml
    """
    model_type, vendor = select_kind(kind)
    schema = WRAPPERS.schema(model_type) or {}
    sketch = build_sketch(model_type, schema, name, vendor)
    if format_ == "json":
        print_json([{key.name: key.value for key in sketch if key.used}])
    else:
        click.echo(print_sketch(sketch, schema), nl=False)


def select_kind(kind: str) -> tuple[str, Vendor | None]:
    """The model_type called ``kind``, or the vendor of that name and the type of its chats; else raises PluginError."""
    types = list(WRAPPERS.by_name)
    if kind in WRAPPERS:
        return kind, None
    vendors = {vendor.name: vendor for vendor in list_vendors() if vendor.model}
    if kind in vendors:
        return vendors[kind].model_types["chat"], vendors[kind]
    near = suggest(kind, [*types, *vendors])
    hint = f"did you mean {near!r}?" if near else "`modelhub types` lists the types, docs/reference.md the vendors"
    raise PluginError(f"there is no model_type and no vendor {kind!r}; {hint}")
