"""The plugins command: what installed packages add to modelhub, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import click

from modelhub.cli.printing import colour, print_table
from modelhub.formatters.installed import FORMATTERS
from modelhub.plugins.group import PluginGroup
from modelhub.plugins.hooks import HOOKS
from modelhub.printable import printable
from modelhub.registry.installed import WRAPPERS

GROUPS: tuple[PluginGroup[Any], ...] = (WRAPPERS, HOOKS, FORMATTERS)


@click.command()
def plugins() -> None:
    """Installed plugins - wrappers, hooks, formatters: those that work, and those put aside with the reason.

    Exit code 1 when one is put aside.
    """
    rows, put_aside = [], []
    for group in GROUPS:
        group.load_all()
        put_aside += group.quarantined
        for plugin in group.plugins:
            if plugin.reason is None and not plugin.built_in:
                rows.append(("ok", plugin.name, plugin.origin, plugin.entry_point.value, group.describe(plugin)))
    print_table(rows)
    for plugin in put_aside:
        click.echo(f"{colour('quarantined', fg='red')}  {printable(f'{plugin}: {plugin.reason}')}")
    if not rows and not put_aside:
        click.echo("no plugins besides the wrappers that come with modelhub (`modelhub types`)")
    if put_aside:
        raise click.exceptions.Exit(1)
