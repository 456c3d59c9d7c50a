"""The chat command: a conversation with a model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import click

from modelhub.cli.asking import ask_options
from modelhub.cli.conversing import Conversation
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.cli.streams import plugins_apart, say
from modelhub.registry import ModelRegistry


@click.command()
@click.argument("name")
@config_option
@profile_option
@python_option
@ask_options
def chat(
    name: str,
    paths: tuple[str, ...],
    profile: str | None,
    allow_python: bool,
    system: str | None,
    options: dict[str, Any],
) -> None:
    """Talk to the model called NAME; it remembers what was said.

    Ctrl-C stops an answer, ctrl-D ends the talk. `/model NAME` asks another model from now on, which is told what was
    said before. Without a terminal, each line of standard input is a question.

    \b
    modelhub chat gpt -c models.yaml
    modelhub chat gpt -s "Answer in one sentence." -o temperature=0
    modelhub chat gpt < questions.txt

    Exit code: 0 at the end, 1 when a question of standard input could not be answered.
    """
    if sys.stdin is None:
        raise click.UsageError("standard input is closed; give it something to read")
    with plugins_apart():
        hub = ModelRegistry(find_configs(paths), profile=profile, allow_python=allow_python)
    with hub:
        talk = Conversation(hub, name, system, options)
        if talk.is_live:
            for line in _read_terminal(talk):
                talk.take(line)
        elif sum(not talk.take(line) for raw in sys.stdin if (line := raw.strip())):
            raise click.exceptions.Exit(1)


def _read_terminal(talk: Conversation) -> Iterator[str]:
    """The lines that a person writes; ctrl-C leaves the one that is being written."""
    with suppress(ImportError):  # not every system has it
        import readline  # noqa: F401 (input() then lets lines be edited and comes back to earlier ones)

    say("ctrl-C stops an answer, ctrl-D ends; /model NAME asks another model")
    while True:
        try:
            line = input(talk.prompt).strip()
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            click.echo()
            continue
        if line:
            yield line
