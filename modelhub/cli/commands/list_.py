"""The list command: which models the configs declare."""

from __future__ import annotations

import click

from modelhub.cli.printing import print_json, print_table
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.registry import ModelRegistry


@click.command("list")
@config_option
@profile_option
@python_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(path: str | None, profile: str | None, allow_python: bool, as_json: bool) -> None:
    """The models that the configs declare.

    \b
    modelhub list -c models.yaml
    """
    with ModelRegistry(find_configs(path), profile=profile, allow_python=allow_python) as hub:
        configs = [hub.config(name) for name in hub.names()]
    rows = [(str(c["config_name"]), str(c["model_type"]), str(c.get("model_name") or "")) for c in configs]
    if as_json:
        print_json([dict(zip(("config_name", "model_type", "model_name"), row, strict=True)) for row in rows])
    else:
        print_table(rows)
