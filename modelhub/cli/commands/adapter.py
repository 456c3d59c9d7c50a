"""The adapter commands, for private protocols that a config describes."""

from __future__ import annotations

import click

from modelhub.cli.lazy import LazyGroup

COMMANDS = {
    "infer": ("modelhub.cli.commands.adapter_infer:infer_", "Guess a config from a recorded reply."),
    "test": ("modelhub.cli.commands.adapter_test:test", "Play recorded exchanges through a config."),
    "try": ("modelhub.cli.commands.adapter_try:try_", "Show what is sent, what comes back, and what is found in it."),
}


@click.group("adapter", cls=LazyGroup, table=COMMANDS)
def adapter() -> None:
    """Describe a private protocol by a config: infer one from a recording, try it, and test it.

    \b
    modelhub adapter infer --reply reply.json --request request.json > models.yaml
    modelhub adapter try my-model "Hello" -c models.yaml
    modelhub adapter test models.yaml fixtures/
    """
