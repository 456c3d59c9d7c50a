"""The group that the commands hang from."""

from __future__ import annotations

import click

from modelhub.cli.calling import call
from modelhub.cli.creating import new
from modelhub.cli.explaining import explain_code
from modelhub.cli.importing import import_
from modelhub.cli.inspecting import list_, show, validate
from modelhub.cli.mocking import mock
from modelhub.cli.origins import explain
from modelhub.cli.streams import PipedGroup
from modelhub.cli.wrapping import plugins, schema, types


@click.group(cls=PipedGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="modelhub")
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


for command in (new, import_, validate, explain_code, list_, show, explain, types, schema, plugins, call, mock):
    cli.add_command(command)
