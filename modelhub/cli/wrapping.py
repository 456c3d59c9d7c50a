"""Commands about the wrappers that are installed: types, schema, plugins."""

from __future__ import annotations

import click

from modelhub.cli.printing import colour, print_json, print_table
from modelhub.errors import PluginError


@click.command(short_help="List the model_types.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def types(as_json: bool) -> None:
    """The model_types that configs may use, what goes in and out, what else they do, and where they come from."""
    from modelhub.capabilities import capabilities_of, summarize
    from modelhub.plugins import installed

    found = installed()
    rows = []
    for model_type, plugin in found.by_type.items():
        try:
            schema = found.schema(model_type) or {}
            about = str(schema.get("description") or "")
        except PluginError as error:
            schema, about = {}, str(error)
        capabilities = capabilities_of(model_type, schema=schema)
        rows.append((model_type, f"{plugin.distribution} {plugin.version}", about, capabilities))
    if as_json:
        names = ("model_type", "distribution", "description", "capabilities")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table([(name, *summarize(able), origin, about) for name, origin, about, able in rows])


@click.command(short_help="Print the JSON Schema of a model_type.")
@click.argument("model_type", required=False)
def schema(model_type: str | None) -> None:
    """The JSON Schema of one model_type, or of all.

    \b
    modelhub schema openai_chat
    """
    from modelhub.plugins import installed
    from modelhub.validation import load_bundle, suggest

    found = installed()
    if model_type is None:
        schemas = {}
        for name in list(found.by_type):
            try:
                schemas[name] = load_bundle(found.schema(name) or {})
            except PluginError as error:
                click.echo(f"left out: {error}", err=True)
        print_json(schemas)
        return
    if model_type not in found.by_type:
        near = suggest(model_type, found.by_type)
        hint = f"did you mean {near!r}?" if near else "`modelhub types` lists them"
        raise PluginError(f"there is no model_type {model_type!r}; {hint}")
    print_json(load_bundle(found.schema(model_type) or {}))


@click.command(short_help="List plugins and what is wrong with them.")
def plugins() -> None:
    """Installed wrapper plugins: those that work, and those put aside with the reason.

    Exit code 1 when one is put aside.
    """
    from modelhub.plugins import installed

    found = installed()
    found.load_all()
    good = [p for p in found.by_type.values() if not p.built_in and p.reason is None]
    print_table([("ok", p.model_type, f"{p.distribution} {p.version}", p.entry_point.value) for p in good])
    for plugin in found.quarantined:
        click.echo(f"{colour('quarantined', fg='red')}  {plugin}: {plugin.reason}")
    if not good and not found.quarantined:
        click.echo("no plugins besides the wrappers that come with modelhub (`modelhub types`)")
    if found.quarantined:
        raise click.exceptions.Exit(1)
