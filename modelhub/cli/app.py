"""The group of all commands."""

from __future__ import annotations

import click

from modelhub.cli.added import find_added, find_summary
from modelhub.cli.lazy import LazyGroup
from modelhub.foreign import DISTRIBUTION
from modelhub.overriding import override

# The commands: where each one is, which is imported when it is run, and what it does, for the list of all.
COMMANDS = {
    "adapter": ("modelhub.cli.commands.adapter:adapter", "Describe a private protocol by a config."),
    "batch": ("modelhub.cli.commands.batch:batch", "Ask a model about every row of a file."),
    "bench": ("modelhub.cli.commands.bench:bench", "Measure how fast models answer."),
    "call": ("modelhub.cli.commands.call:call", "Ask a model something."),
    "chat": ("modelhub.cli.commands.chat:chat", "Talk to a model."),
    "diff": ("modelhub.cli.commands.diff:diff", "Say what has changed between configs, and who notices."),
    "docs": ("modelhub.cli.commands.docs:docs", "Open the documentation."),
    "example": ("modelhub.cli.commands.example:example", "Write a program to start from."),
    "explain": ("modelhub.cli.commands.explain:explain", "Say where the values of a config come from."),
    "explain-code": ("modelhub.cli.commands.explain_code:explain_code", "Explain the code of a problem."),
    "fix": ("modelhub.cli.commands.fix:fix", "Mend config files where it is certain what was meant."),
    "import": ("modelhub.cli.commands.import_:import_", "Convert the config of another program."),
    "list": ("modelhub.cli.commands.list_:list_", "List the models of the configs."),
    "mock": ("modelhub.cli.commands.mock:mock", "Serve made-up models for tests."),
    "new": ("modelhub.cli.commands.new:new", "Print a config to start from."),
    "new-plugin": ("modelhub.cli.commands.new_plugin:new_plugin", "Write a package with a model_type of your own."),
    "plugins": ("modelhub.cli.commands.plugins:plugins", "List plugins and what is wrong with them."),
    "schema": ("modelhub.cli.commands.schema:schema", "Print the JSON Schema of a model_type."),
    "serve": ("modelhub.cli.commands.serve:serve", "Serve the models to clients of OpenAI, Anthropic and Ollama."),
    "show": ("modelhub.cli.commands.show:show", "Show one config, secrets masked."),
    "stubs": ("modelhub.cli.commands.stubs:stubs", "Write a stub that knows the names of your models."),
    "types": ("modelhub.cli.commands.types:types", "List the model_types."),
    "usage": ("modelhub.cli.commands.usage:usage", "Say what calls have used and cost."),
    "validate": ("modelhub.cli.commands.validate:validate", "Check config files."),
    "watch": ("modelhub.cli.commands.watch:watch", "Show what changes in config files, as it happens."),
}


class AllCommands(LazyGroup):
    """A group that imports only the command that is run; to list the commands, it imports those of plugins alone."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, sorted."""
        return sorted({*super().list_commands(ctx), *find_added(ctx, COMMANDS)})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, None when there is none."""
        return super().get_command(ctx, cmd_name) or find_added(ctx, COMMANDS).get(cmd_name)

    @override
    def list_summaries(self, ctx: click.Context) -> dict[str, str]:
        """What each command does."""
        added = {name: find_summary(command) for name, command in find_added(ctx, COMMANDS).items()}
        return super().list_summaries(ctx) | added


@click.group(
    cls=AllCommands, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name=DISTRIBUTION)
def cli() -> None:
    """Declare models in a file, call them by name.

    \b
    modelhub validate models.yaml              is the file right? (exit code 1 when not)
    modelhub explain-code MH103                what does that problem mean?
    modelhub fix models.yaml                   mend what is certain, and move keys out of it
    modelhub diff models.yaml new.yaml         what changes, and who would notice?
    modelhub list models.yaml                  which models does it declare?
    modelhub explain -c models.yaml gpt        where does each value of one come from?
    modelhub call -c models.yaml gpt "Hello"   ask one
    modelhub batch in.jsonl -m gpt -o o.jsonl  ask it about every row of a file
    modelhub chat -c models.yaml gpt           talk to it
    modelhub bench -c 1,10 gpt                 how fast is it?
    modelhub types                             which model_types are there?
    modelhub example chat                      a program to start from, with its config
    modelhub new openai_chat gpt               what does a config of one look like?
    modelhub new-plugin acme                   a package with a model_type of your own
    modelhub import opencode.json              convert the config of another program
    modelhub adapter infer --reply reply.json  describe a private protocol by a config
    modelhub stubs -c models.yaml              the names of models, for type checkers
    modelhub usage --by day --since 7d         what have calls used and cost?
    modelhub watch models.yaml                 what changes, and is it right?
    modelhub docs tutorial                     the documentation, of this version
    modelhub mock --port 8080                  a server to try all this without a key
    modelhub serve -c models.yaml              the models behind the protocols of OpenAI, Anthropic and Ollama

    Commands that need configs read -c PATH..., else $MODELHUB_CONFIG, else what [tool.modelhub] configs in
    pyproject.toml names, else ./models.yaml (.yml, .json, .toml), else ./model_configs.
    """
