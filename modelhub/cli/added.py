"""The commands that plugins add; a plugin that fails at it takes nothing away from the others."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

import click

from modelhub.cli.streams import plugins_apart, say
from modelhub.plugins.callers import Caller, find_callers
from modelhub.plugins.surroundings import surround

_META: Final = "modelhub.added"


def find_added(ctx: click.Context, taken: Container[str]) -> dict[str, click.Command]:
    """The commands of plugins by name, but for those whose names are ``taken``; looked for once in a run."""
    meta = ctx.find_root().meta
    if _META not in meta:
        meta[_META] = found = {}
        with plugins_apart():
            for caller in find_callers("add_commands"):
                for name, command in _ask(caller).items():
                    if name in taken or name in found:
                        say(f"warning: the command {name!r} of the plugin {caller.plugin} is left out: there is one")
                    else:
                        found[name] = command
    added: dict[str, click.Command] = meta[_META]
    return added


def find_summary(command: click.Command) -> str:
    """What a command of a plugin does, for the list of all."""
    try:
        return command.get_short_help_str(limit=60)
    except Exception:  # a command may be of any class
        return ""


def _ask(caller: Caller) -> dict[str, click.Command]:
    """The commands that one plugin adds."""
    group = click.Group()
    try:
        with surround():
            caller(cli=group)
        return {name: each for name, each in group.commands.items() if isinstance(each, click.Command)}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: the other commands must go on
        say(f"warning: the plugin {caller.plugin} cannot add its commands: {type(error).__name__}: {error}")
        return {}
