"""The command that starts a new config."""

from __future__ import annotations

import click

from modelhub.cli.printing import print_json
from modelhub.cli.wrapping import select_type


@click.command(short_help="Print a config to start from.")
@click.argument("model_type", metavar="TYPE")
@click.argument("name", required=False)
@click.option("--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", help="The default is yaml.")
def new(model_type: str, name: str | None, format_: str) -> None:
    """A valid config of TYPE called NAME, with the optional keys commented out.

    \b
    modelhub new openai_chat gpt > models.yaml
    modelhub new ollama_chat llama >> models.yaml
    """
    from modelhub.plugins import installed
    from modelhub.validation.sketch import build_sketch, print_sketch

    schema = installed().schema(select_type(model_type)) or {}
    sketch = build_sketch(model_type, schema, name)
    if format_ == "json":
        print_json([{key.name: key.value for key in sketch if key.used}])
    else:
        click.echo(print_sketch(sketch, schema), nl=False)
