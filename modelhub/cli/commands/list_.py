"""The list command: which models the configs declare."""

from __future__ import annotations

from typing import Any

import click

from modelhub.cli.listings import Listing, format_option, print_listing
from modelhub.cli.sources import config_option, find_configs, profile_option, python_option
from modelhub.registry import ModelRegistry
from modelhub.registry.keys import has_keys

_HEAD = ("name", "type", "model", "key", "tags")
_KEYS = {True: "set", False: "not set", None: ""}


@click.command("list")
@click.argument("files", nargs=-1, metavar="[PATHS]...")
@config_option
@profile_option
@python_option
@format_option
def list_(files: tuple[str, ...], paths: tuple[str, ...], profile: str | None, allow_python: bool, style: str) -> None:
    """The models that the configs declare, whether the key of each is set, and its tags.

    \b
    modelhub list models.yaml
    modelhub list --format markdown > MODELS.md
    """
    with ModelRegistry(find_configs([*paths, *files]), profile=profile, allow_python=allow_python) as hub:
        documents = [_build_document(hub, name) for name in hub.names()]
    is_page = style == "markdown"
    rows = [_build_row(each) + ([str(each["description"] or "")] if is_page else []) for each in documents]
    print_listing(Listing("Models", (*_HEAD, *(["description"] if is_page else [])), rows, documents), style)


def _build_document(hub: ModelRegistry, name: str) -> dict[str, Any]:
    config = hub.config(name)
    return {
        "config_name": config["config_name"],
        "model_type": config["model_type"],
        "model_name": config.get("model_name") or "",
        "key": _KEYS[has_keys(hub.build_config(name))] or None,
        "tags": config.get("tags") or [],
        "description": config.get("description"),
    }


def _build_row(document: dict[str, Any]) -> list[str]:
    facts = [str(document[name] or "") for name in ("config_name", "model_type", "model_name", "key")]
    return [*facts, ", ".join(map(str, document["tags"]))]
