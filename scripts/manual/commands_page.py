"""The page about the commands, made from what each prints for --help."""

from __future__ import annotations

from collections.abc import Iterator

import click

HEAD = """# Command reference

What `modelhub COMMAND --help` prints, for every command. It is made by `scripts/generate_docs command-line`.
"""
_COLUMNS = 100


def build_commands_page() -> str:
    """The page, in Markdown."""
    from modelhub.cli.app import COMMANDS, cli

    with click.Context(cli, info_name="modelhub", terminal_width=_COLUMNS) as context:
        lines = [HEAD.rstrip(), "", "| command | what it does |", "|---|---|"]
        lines += [f"| [{name}](#modelhub-{name}) | {summary} |" for name, (_, summary) in COMMANDS.items()]
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None, name
            lines += _describe(command, name, context)
    return "\n".join(lines) + "\n"


def _describe(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """A command and, of a group, those below it."""
    with click.Context(command, info_name=name, parent=parent, terminal_width=_COLUMNS) as context:
        yield from ["", f"## {context.command_path}", "", "```text"]
        yield from (line.rstrip() for line in command.get_help(context).splitlines())
        yield "```"
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                found = command.get_command(context, below)
                assert found is not None, below
                yield from _describe(found, below, context)
