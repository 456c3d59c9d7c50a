"""Commands about the wrappers that are installed: types, schema, plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
    from modelhub.plugins import installed
    from modelhub.validation import load_bundle
    from modelhub.validation.bundle import build_bundle, find_flaw, print_bundle

    if model_type is not None and bundle:
        raise click.UsageError("--bundle is about all model_types; leave the model_type out")
    found = installed()
    if model_type is not None:
        text = print_bundle(load_bundle(found.schema(select_type(model_type)) or {}))
    else:
        schemas = {}
        for name, plugin in found.by_type.items():
            try:
                schemas[name] = found.schema(name) or {"type": "object"}
                if bundle and (flaw := find_flaw(schemas[name])):
                    del schemas[name]
                    click.echo(f"left out: {plugin}: {flaw}", err=True)
            except PluginError as error:
                click.echo(f"left out: {error}", err=True)
        whole = build_bundle(schemas) if bundle else {name: load_bundle(schemas[name]) for name in schemas}
        text = print_bundle(whole)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, "utf-8")
    except OSError as error:
        raise click.FileError(output, error.strerror or str(error)) from error
    click.echo(output)


def select_type(model_type: str) -> str:
    """The model_type itself when it is installed; raises PluginError with a suggestion when not."""
    from modelhub.diagnostics.suggest import suggest
    from modelhub.diagnostics.wording import did_you_mean
    from modelhub.plugins import installed

    known = installed().by_type
    if model_type not in known:
        near = suggest(model_type, known)
        hint = did_you_mean(near) if near else "`modelhub types` lists them"
        raise PluginError(f"there is no model_type {model_type!r}; {hint}")
    return model_type


@click.command(short_help="List plugins and what is wrong with them.")
def plugins() -> None:
    """Installed plugins - wrappers, hooks, formatters: those that work, and those put aside with the reason.

    Exit code 1 when one is put aside.
    """
    from modelhub.formatters.installed import list_plugins
    from modelhub.hooks import load_hooks
    from modelhub.plugins import installed

    found = installed()
    found.load_all()
    _, hooks = load_hooks()
    wrappers = [plugin for plugin in found.by_type.values() if not plugin.built_in and plugin.reason is None]
    good: list[tuple[Any, str, str]] = [(plugin, plugin.model_type, "wrapper") for plugin in wrappers]
    good += [(plugin, plugin.name, f"hooks: {', '.join(plugin.hooks)}") for plugin in hooks if plugin.reason is None]
    put_aside = [(str(plugin), plugin.reason) for plugin in found.quarantined]
    put_aside += [(str(plugin), plugin.reason) for plugin in hooks if plugin.reason is not None]
    for formatter in list_plugins():
        try:
            formatter.load()
            good.append((formatter, formatter.name, "formatter"))
        except PluginError as error:
            put_aside.append((str(formatter), str(error)))
    print_table([("ok", name, f"{p.distribution} {p.version}", p.entry_point.value, kind) for p, name, kind in good])
    for plugin, reason in put_aside:
        click.echo(f"{colour('quarantined', fg='red')}  {plugin}: {reason}")
    if not good and not put_aside:
        click.echo("no plugins besides the wrappers that come with modelhub (`modelhub types`)")
    if put_aside:
        raise click.exceptions.Exit(1)
