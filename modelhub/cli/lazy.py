"""A group of commands that are imported when they are run."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from modelhub.cli.streams import PipedGroup
from modelhub.overriding import override


class LazyGroup(PipedGroup):
    """A group that imports only the command that is run; to list the commands, it imports none.

    ``table`` says of each command where it is, and what it does, for the list of all.
    """

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = table

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, sorted."""
        return sorted(self._table)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, None when there is none."""
        if cmd_name not in self._table:
            return None
        module, _, name = self._table[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    @override
    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command that is meant; a usage error, with a suggestion, if there is none."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from modelhub.diagnostics.suggest import suggest
            from modelhub.diagnostics.wording import did_you_mean

            near = suggest(args[0], self.list_commands(ctx))
            if near is None:
                raise
            raise click.UsageError(f"{error.message.rstrip('.')}; {did_you_mean(near)}", error.ctx) from None

    def list_summaries(self, ctx: click.Context) -> dict[str, str]:
        """What each command does."""
        return {name: about for name, (_, about) in self._table.items()}

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(self.list_summaries(ctx).items()))
