"""The new command: a config to start from."""

from __future__ import annotations

import click

from modelhub.cli.choose import select_type
from modelhub.cli.printing import print_json
from modelhub.installed import WRAPPERS
from modelhub.validation.sketch import build_sketch, print_sketch


@click.command()
@click.argument("model_type", metavar="TYPE")
@click.argument("name", required=False)
@click.option("--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", help="The default is yaml.")
def new(model_type: str, name: str | None, format_: str) -> None:
    """A valid config of TYPE called NAME, with the optional keys commented out.

    \b
    modelhub new openai_chat gpt > models.yaml
    modelhub new ollama_chat llama >> models.yaml
    """
    schema = WRAPPERS.schema(select_type(model_type)) or {}
    sketch = build_sketch(model_type, schema, name)
    if format_ == "json":
        print_json([{key.name: key.value for key in sketch if key.used}])
    else:
        click.echo(print_sketch(sketch, schema), nl=False)
