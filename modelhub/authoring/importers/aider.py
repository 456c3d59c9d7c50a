"""Converts aider's file of model settings, and its .aider.conf.yml.

https://aider.chat/docs/config/adv-model-settings.html, https://aider.chat/docs/config/aider_conf.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.vendors import split_model
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
_OTHERS = ("weak_model_name", "editor_model_name")
_USED = ("model", "weak-model", "editor-model", "weak_model", "editor_model")
# Keys and addresses of .aider.conf.yml, by LiteLLM's name of the vendor.
_KEYS = {"openai-api-key": "openai", "anthropic-api-key": "anthropic"}
_ADDRESS = "openai-api-base"
# Names that aider has for models of its choice: https://aider.chat/docs/config/model-aliases.html
_ALIASES = frozenset(
    {
        *("sonnet", "haiku", "opus", "4", "4o", "mini", "4-turbo", "35turbo", "35-turbo", "3", "deepseek", "r1"),
        *("flash", "flash-lite", "gemini", "gemini-exp", "grok3", "optimus", "quasar"),
    }
)


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models of the list and those that they name, or those of .aider.conf.yml."""
    source, data = Source(document, notes), document.data
    if isinstance(data, dict) and "name" not in data:
        yield from _find_in_options(source, data)
        return
    items = data if isinstance(data, list) else [data]
    names = {str(item.get("name")) for item in items if isinstance(item, dict)}
    listed = source.list_mappings((), "a model") if isinstance(data, list) else iter([((), data)])
    for path, item in listed:
        found = source.gather(item, path, _MODEL)
        if item.get("name") == "aider/extra_params":
            source.tell(path, "these parameters of all models are not converted: write them in `defaults`")
            continue
        yield from _build(source, item.get("name"), (*path, "name"), found)
        for key in _OTHERS:
            other = item.get(key)
            if isinstance(other, str) and other not in names:
                names.add(other)
                yield from _build(source, other, (*path, key), {})


def _build(source: Source, name: Any, path: Path, found: Found) -> Iterator[Deployment]:
    """A model by LiteLLM's name, which aider calls with LiteLLM's library."""
    if not isinstance(name, str) or not name:
        source.tell(path, "this is not converted: a model needs a name", lost=True)
        return
    if name in _ALIASES:
        message = f"'{name}' is not converted: aider chooses what it means; write the model itself"
        source.tell(path, message, lost=True)
        return
    place = (source.document, path)
    yield Deployment(name, place, {"model": (name, place), **found})


def _find_in_options(source: Source, data: dict[str, Any]) -> Iterator[Deployment]:
    document = source.document
    secrets: Found = {vendor: (data[key], (document, (key,))) for key, vendor in _KEYS.items() if data.get(key)}
    listed = data.get("api-key")
    for step, text in enumerate(listed if isinstance(listed, list) else [listed] if isinstance(listed, str) else []):
        vendor, equals, secret = str(text).partition("=")
        if equals:
            place: Path = ("api-key", step) if isinstance(listed, list) else ("api-key",)
            secrets[vendor.strip().lower()] = (secret, (document, place))
    seen: set[str] = set()
    used: set[str] = set()
    for key in _USED:
        name = data.get(key)
        if not isinstance(name, str) or name in seen:
            continue
        seen.add(name)
        found: Found = {}
        vendor = split_model(name, None, None)[0] or name.partition("/")[0]
        if vendor in secrets:
            found["api_key"] = secrets[vendor]
            used.add(vendor)
        if vendor == "openai" and data.get(_ADDRESS):
            found["api_base"] = (data[_ADDRESS], (document, (_ADDRESS,)))
        yield from _build(source, name, (key,), found)
    for vendor in secrets.keys() - used:
        source.tell(secrets[vendor][1][1], "this key is not converted: no model here is of its vendor")
    source.refuse_rest(data, {"*": "it is for aider's work on files"}, read=(*_USED, *_KEYS, _ADDRESS, "api-key"))
