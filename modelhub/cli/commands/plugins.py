"""The plugins command: what installed packages add to modelhub, and what is wrong with it."""

from __future__ import annotations

from typing import Any, NamedTuple

import click

from modelhub.cli.listings import Listing, format_option, print_listing
from modelhub.cli.printing import colour
from modelhub.cli.tables import fold
from modelhub.cli.trial import GROUPS, Verdict, try_all
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean
from modelhub.plugins import Plugin, PluginGroup
from modelhub.plugins.entry_points import find_groups
from modelhub.printable import printable

_ASIDE = "quarantined"
_HEAD = ("state", "name", "from", "value", "kind")


class _Row(NamedTuple):
    """A plugin and what is known of it."""

    group: PluginGroup[Any]
    plugin: Plugin
    verdict: Verdict
    tried: bool

    @property
    def state(self) -> str:
        """What can be said of it in a word."""
        if self.verdict.flaw is not None or self.plugin.rival is not None:
            return _ASIDE
        return "ok" if self.tried else "installed"

    @property
    def reason(self) -> str | None:
        """Why it is put aside."""
        flaw, plugin = self.verdict.flaw, self.plugin
        if plugin.rival is None:
            return flaw
        taken = f"{self.group.noun} {plugin.name!r} is taken by {plugin.rival.origin}"
        return f"{taken}, and {flaw}" if flaw else f"{taken}; write {plugin.choice!r} to use this one"

    @property
    def note(self) -> str:
        """What it is good for, and whom it has beaten."""
        rivals = [] if self.plugin.rival else [each.origin for each in self.group.find_rivals(self.plugin.name)[1:]]
        return self.verdict.about + (f", before {' and '.join(rivals)}" if rivals else "")


@click.command()
@click.option("--check", is_flag=True, help="Import each, in a process of its own, and say which fail.")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(0.1), default=10, help="For --check; else 10.")
@format_option
def plugins(check: bool, timeout: float, style: str) -> None:
    """Installed plugins - wrappers, hooks, formatters, observers - and those put aside, and why. None is imported.

    What cannot work is seen without an import where that is possible: a package that is gone, a name that another
    package has, a module that only raises. --check finds the rest: it imports each plugin in a process of its own, side
    by side, and names those that hang, end the process, raise, print on standard output, or are something else.

    \b
    modelhub plugins
    modelhub plugins --check --timeout 30

    Exit code 1 when one is put aside.
    """
    found = [(group, each) for group in GROUPS for each in group.plugins if not each.built_in or group.inspect(each)]
    if check:
        verdicts = try_all(found, timeout)
    else:
        verdicts = [Verdict(group.inspect(plugin), group.describe(plugin)) for group, plugin in found]
    rows = [_Row(*each, verdict, check) for each, verdict in zip(found, verdicts, strict=True)]
    shown = [row for row in rows if row.state != _ASIDE or style != "text"]
    listing = Listing("Plugins", _HEAD, [_build_cells(row) for row in shown], [_build_document(row) for row in rows])
    print_listing(listing, style)
    if style == "text":
        _print_rest(rows)
    if any(row.state == _ASIDE for row in rows):
        raise click.exceptions.Exit(1)


def _print_rest(rows: list[_Row]) -> None:
    """Print which are put aside, and what nothing reads."""
    for row in rows:
        if row.state == _ASIDE:
            named = printable(f"{_ASIDE}  {row.plugin}:")
            whole = printable(f"{_ASIDE}  {row.plugin}: {row.reason}")
            lines = [whole] if len(whole) <= 80 else fold([*_split(named), row.reason or ""])
            click.echo("\n".join(lines).replace(_ASIDE, colour(_ASIDE, fg="red"), 1))
    for group, who in find_groups().items():
        near = suggest(group, [each.group for each in GROUPS])
        if near is not None and near != group:
            note = f"nothing reads the entry points in the group {group!r}; {did_you_mean(near)}"
            click.echo("\n".join(fold([f"ignored  {', '.join(dict.fromkeys(who))}:", note])))
    if not rows:
        click.echo("no plugins besides the wrappers that come with modelhub (`modelhub types`)")


def _split(named: str) -> list[str]:
    """The name and what follows it, if that is too long for one line."""
    name, _, where = named.partition(" (")
    return [named] if len(named) <= 80 else [name, f"({where}"]


def _build_cells(row: _Row) -> tuple[str, ...]:
    return (row.state, row.plugin.name, row.plugin.origin, row.plugin.entry_point.value, row.reason or row.note)


def _build_document(row: _Row) -> dict[str, Any]:
    return {
        "state": row.state,
        "name": row.plugin.name,
        "group": row.group.group,
        "distribution": row.plugin.distribution,
        "version": row.plugin.version,
        "value": row.plugin.entry_point.value,
        "choice": row.plugin.choice,
        "taken_by": row.plugin.rival.origin if row.plugin.rival else None,
        "reason": row.reason,
    }
