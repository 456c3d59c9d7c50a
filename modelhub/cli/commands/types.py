"""The types command: which model_types configs may use."""

from __future__ import annotations

import click

from modelhub.cli.listings import Listing, format_option, print_listing
from modelhub.cli.sources import import_option
from modelhub.cli.streams import plugins_apart
from modelhub.errors import PluginError
from modelhub.registry.installed import WRAPPERS
from modelhub.registry.types import KnownTypes
from modelhub.validation.schema.capabilities import capabilities_of, summarize

_HEAD = ("type", "in > out", "can", "what it is", "from")


@click.command()
@import_option
@format_option
def types(style: str) -> None:
    """The model_types that configs may use, what goes in and out, what else they do, and where they come from.

    \b
    modelhub types
    modelhub types --import my_wrappers       those of a program, too
    """
    known, rows = KnownTypes({}), []
    for model_type in known:
        try:
            with plugins_apart():
                schema = known.find_schema(model_type) or {}
            about = str(schema.get("description") or "")
        except PluginError as error:
            schema, about = {}, str(error)
        capabilities = capabilities_of(model_type, schema=schema)
        rows.append((model_type, known.find_origin(model_type), about, capabilities))
    names = ("model_type", "distribution", "description", "capabilities")
    document = [dict(zip(names, row, strict=True)) for row in rows]
    ours = {name for name, plugin in WRAPPERS.by_name.items() if plugin.built_in}
    cells = [(name, *summarize(able), about, "" if name in ours else origin) for name, origin, about, able in rows]
    columns = len(_HEAD) - (len(ours) == len(rows))  # where all are ours, it need not be said
    print_listing(Listing("Types of models", _HEAD[:columns], [row[:columns] for row in cells], document), style)
