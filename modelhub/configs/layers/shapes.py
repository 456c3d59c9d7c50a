"""How a config is written in each format, for hints."""

from __future__ import annotations

from collections.abc import Mapping

# By the format of the document; a document of Python objects has none.
_ITEM: Mapping[str | None, str] = {
    "yaml": "start each config with '- config_name: ...'",
    "json": 'start each config with {"config_name": "...", ...}',
    "toml": "start each config with [[models]] and config_name = '...'",
    None: "start each config with {'config_name': ..., ...}",
}
_CONFIG: Mapping[str | None, str] = {
    "yaml": "'config_name: ...' and 'model_type: ...'",
    "json": '{"config_name": "...", "model_type": "..."}',
    "toml": "config_name = '...' and model_type = '...'",
    None: "{'config_name': ..., 'model_type': ...}",
}
_LIST: Mapping[str | None, str] = {
    "yaml": "'- config_name: ...' with a model_type below it",
    "toml": "[[models]] with a config_name and a model_type",
}


def hint_item(format: str | None) -> str:
    """Say how each config of a list begins."""
    return _ITEM.get(format, _ITEM["json"])


def hint_config(format: str | None) -> str:
    """Say which keys make a config."""
    return "write " + _CONFIG.get(format, _CONFIG["json"])


def hint_list(format: str | None) -> str:
    """Say what modelhub wants for each model in place of what another program wants."""
    return "for modelhub, write each model as " + _LIST.get(format, _CONFIG.get(format, _CONFIG["json"]))
