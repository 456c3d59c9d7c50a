"""The show command: one config as it is in effect, or what its model can do."""

from __future__ import annotations

import click

from modelhub.cli.printing import print_json
from modelhub.cli.sources import config_option, find_configs, profile_option
from modelhub.registry import ModelRegistry
from modelhub.registry.installed import WRAPPERS
from modelhub.validation.schema.capabilities import capabilities_of


@click.command()
@click.argument("name")
@config_option
@profile_option
@click.option("--capabilities", is_flag=True, help="Print what the model can do instead.")
def show(name: str, path: str | None, profile: str | None, capabilities: bool) -> None:
    """One model's config as JSON, with its secrets masked.

    \b
    modelhub show gpt -c models.yaml
    modelhub show gpt --capabilities
    """
    with ModelRegistry(find_configs(path), profile=profile) as hub:
        config = hub.config(name)
    if capabilities:
        model_type = str(config["model_type"])
        model_name = str(config.get("model_name") or name)
        config = capabilities_of(
            model_type, model_name, schema=WRAPPERS.schema(model_type), vendor=config.get("vendor")
        )
    print_json(config)
