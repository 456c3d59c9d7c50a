"""Converts aider's file of model settings, and its options: https://aider.chat/docs/config/adv-model-settings.html."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.aider_options import ALIASES, find_in_options
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

_SAYS = "a config or a call says whether a temperature is sent"


def _parse_temperature(value: Any) -> Any:
    """Whether a temperature is sent, or which one."""
    return {"temperature": value} if isinstance(value, int | float) and not isinstance(value, bool) else _SAYS


_PARAMS: Table = {
    "api_key": "api_key",
    "api_base": "api_base",
    "base_url": "api_base",
    "extra_headers": keys.HEADERS,
    "extra_body": "extra_body",
    "*": "=",
}
_MODEL: Table = {
    "name": "",
    "weak_model_name": "",
    "editor_model_name": "",
    "streaming": keys.negated,
    "use_temperature": _parse_temperature,
    "extra_params": _PARAMS,
    "extra_headers": keys.HEADERS,
    "extra_body": "extra_body",
    "max_tokens": "max_tokens",
    "reasoning_effort": "reasoning_effort",
    "system_prompt_prefix": keys.PROMPTS,
    "use_system_prompt": keys.PROMPTS,
    "cache_control": "!what is kept is told with the messages of each call",
    "caches_by_default": keys.KNOWN,
    "accepts_settings": keys.KNOWN,
    "reasoning_tag": keys.KNOWN,
    "remove_reasoning": keys.KNOWN,
    "*": "!it is for aider's work on files",
}
_FOR_ALL = "aider/extra_params"  # no model, but what all have
_OTHERS = ("weak_model_name", "editor_model_name")


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models of the list and those that they name, or those of .aider.conf.yml."""
    source, data = Source(document, notes), document.data
    if isinstance(data, dict) and "name" not in data:
        yield from find_in_options(source, data)
        return
    items = data if isinstance(data, list) else [data]
    names = {str(item.get("name")) for item in items if isinstance(item, dict)}
    listed = source.list_mappings((), "a model") if isinstance(data, list) else iter([((), data)])
    settings = [(path, item.get("name"), source.gather(item, path, _MODEL), item) for path, item in listed]
    shared = next((found for _, name, found, _ in settings if name == _FOR_ALL), {})
    for path, name, found, item in settings:
        if name == _FOR_ALL:
            continue
        yield from _build(source, name, (*path, "name"), keys.merge(found, shared))
        for key in _OTHERS:
            other = item.get(key)
            if isinstance(other, str) and other not in names:
                names.add(other)
                yield from _build(source, other, (*path, key), shared)


def _build(source: Source, name: Any, path: Path, found: Found) -> Iterator[Deployment]:
    """A model by LiteLLM's name, which aider calls with LiteLLM's library."""
    if not isinstance(name, str) or not name:
        source.tell(path, "this is not converted: a model needs a name", lost=True)
        return
    place = (source.document, path)
    model = ALIASES.get(name, name)
    if model != name:
        source.tell(path, f"'{name}' is aider's name for {model}, which may change")
    yield Deployment(name, place, {"model": (model, place), **found})
