"""The types command: which model_types configs may use."""

from __future__ import annotations

import click

from modelhub.cli.listings import Listing, format_option, print_listing
from modelhub.errors import PluginError
from modelhub.registry.installed import WRAPPERS
from modelhub.validation.schema.capabilities import capabilities_of, summarize

_HEAD = ("type", "in > out", "can", "what it is", "from")


@click.command()
@format_option
def types(style: str) -> None:
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
    names = ("model_type", "distribution", "description", "capabilities")
    document = [dict(zip(names, row, strict=True)) for row in rows]
    only_ours = all(plugin.built_in for plugin in WRAPPERS.by_name.values())
    cells = [(name, *summarize(able), about, *([] if only_ours else [origin])) for name, origin, about, able in rows]
    print_listing(Listing("Types of models", _HEAD[:-1] if only_ours else _HEAD, cells, document), style)
