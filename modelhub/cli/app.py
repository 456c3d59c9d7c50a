"""The group of all commands."""

from __future__ import annotations

from importlib import import_module

import click

from modelhub.cli.streams import PipedGroup
from modelhub.foreign import DISTRIBUTION
from modelhub.overriding import override

# The commands: where each one is, which is imported when it is run, and what it does, for the list of all.
COMMANDS = {
    "call": ("modelhub.cli.commands.call:call", "Ask a model something."),
    "explain": ("modelhub.cli.commands.explain:explain", "Say where the values of a config come from."),
    "explain-code": ("modelhub.cli.commands.explain_code:explain_code", "Explain the code of a problem."),
    "import": ("modelhub.cli.commands.import_:import_", "Convert the config of another program."),
    "list": ("modelhub.cli.commands.list_:list_", "List the models of the configs."),
    "mock": ("modelhub.cli.commands.mock:mock", "Serve made-up models for tests."),
    "new": ("modelhub.cli.commands.new:new", "Print a config to start from."),
    "plugins": ("modelhub.cli.commands.plugins:plugins", "List plugins and what is wrong with them."),
    "schema": ("modelhub.cli.commands.schema:schema", "Print the JSON Schema of a model_type."),
    "show": ("modelhub.cli.commands.show:show", "Show one config, secrets masked."),
    "types": ("modelhub.cli.commands.types:types", "List the model_types."),
    "validate": ("modelhub.cli.commands.validate:validate", "Check config files."),
}


class LazyGroup(PipedGroup):
    """A group that imports only the command that is run; to list the commands, it imports none."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, sorted."""
        return sorted(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name=DISTRIBUTION)
def cli() -> None:
    """Declare models in a file, call them by name.

    \b
    modelhub validate models.yaml              is the file right? (exit code 1 when not)
    modelhub explain-code MH103                what does that problem mean?
    modelhub list -c models.yaml               which models does it declare?
    modelhub explain -c models.yaml gpt        where does each value of one come from?
    modelhub call -c models.yaml gpt "Hello"   ask one
    modelhub types                             which model_types are there?
    modelhub new openai_chat gpt               what does a config of one look like?
    modelhub import litellm config.yaml        convert the config of a LiteLLM proxy
    modelhub mock --port 8080                  a server to try all this without a key

    Commands that need configs read -c PATH, else $MODELHUB_CONFIG, else ./model_configs.
    """
