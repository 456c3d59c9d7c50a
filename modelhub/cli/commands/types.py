"""The types command: which model_types configs may use."""

from __future__ import annotations

import click

from modelhub.cli.printing import print_json, print_table
from modelhub.errors import PluginError
from modelhub.registry.installed import WRAPPERS
from modelhub.validation.schema.capabilities import capabilities_of, summarize


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def types(as_json: bool) -> None:
    """The model_types that configs may use, what goes in and out, what else they do, and where they come from."""
    rows = []
    for model_type, plugin in WRAPPERS.by_name.items():
        try:
            schema = WRAPPERS.schema(model_type) or {}
            about = str(schema.get("description") or "")
        except PluginError as error:
            schema, about = {}, str(error)
        capabilities = capabilities_of(model_type, schema=schema)
        rows.append((model_type, plugin.origin, about, capabilities))
    if as_json:
        names = ("model_type", "distribution", "description", "capabilities")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table([(name, *summarize(able), origin, about) for name, origin, about, able in rows])
