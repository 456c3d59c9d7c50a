"""Converts the config of opencode: https://opencode.ai/docs/config, of version 2 and of version 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

_CONNECTION: Table = {
    "baseURL": "api_base",
    "apiKey": "api_key",
    "headers": keys.HEADERS,
    "timeout": keys.milliseconds,
    "organization": "organization",
    "resourceName": lambda name: {"api_base": f"https://{name}.openai.azure.com"},
    "apiVersion": "api_version",
    **{name: name for name in ("project", "location", "region", "profile", "endpoint")},
    "includeUsage": "!usage is in each response",
    "setCacheKey": "!a call says its prompt_cache_key",
    **dict.fromkeys(("chunkTimeout", "headerTimeout"), "!`timeout` counts for the whole of a call"),
}
_PROVIDER: Table = {
    "npm": "",
    "package": "",
    "id": "",
    "name": "",
    "env": "",
    "models": "",
    "api": lambda value: {"api_base": value} if "://" in str(value) else {},
    "options": _CONNECTION,
    "settings": _CONNECTION,
    "headers": keys.HEADERS,
    "body": keys.OPTIONS,
    "request": {"headers": keys.HEADERS, "body": keys.OPTIONS},
    **dict.fromkeys(("whitelist", "blacklist"), "!each model that is named has a config"),
}
_OPTIONS: Table = {
    **_CONNECTION,
    "reasoningEffort": "reasoning_effort",
    "textVerbosity": "verbosity",
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "parallelToolCalls": "parallel_tool_calls",
    "serviceTier": "service_tier",
    "promptCacheKey": "prompt_cache_key",
    "thinking": keys.thinking,
    **dict.fromkeys(("reasoningSummary", "include", "previousResponseId", "truncation"), keys.RESPONSES),
    "*": "=",
}
_MODEL: Table = {
    "id": "model",
    "modelID": "model",
    "name": "",
    "npm": "",
    "package": "",
    "provider": "",
    "limit": {
        "context": keys.CONTEXT,
        "input": keys.CONTEXT,
        "output": "!the server has a limit of its own; write max_tokens in generate_args for another",
    },
    "cost": keys.per_million,
    "options": _OPTIONS,
    "settings": _OPTIONS,
    "headers": keys.HEADERS,
    "body": keys.OPTIONS,
    "request": {"headers": keys.HEADERS, "body": keys.OPTIONS},
    **dict.fromkeys(
        ("attachment", "reasoning", "temperature", "tool_call", "modalities", "capabilities", "interleaved"), keys.KNOWN
    ),
    **dict.fromkeys(("release_date", "last_updated", "knowledge", "family", "status", "experimental"), keys.DISPLAY),
    "reasoning_options": keys.KNOWN,
    "disabled": "!what has a config can be called",
    "variants": "!write a config with `extends` for each",
}
_SECTIONS = ("provider", "providers")  # of version 1, of version 2
_USED = ("model", "small_model")
_AGENTS = ("agent", "agents", "mode")


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models of all providers, and those that are used without being declared."""
    if isinstance(document.data, dict):
        yield from _Finder(Source(document, notes), document.data).find()


class _Finder:
    """What is found in one config: how each provider is reached, and which models there are."""

    def __init__(self, source: Source, data: dict[str, Any]) -> None:
        self.source = source
        self.data = data
        self.connections: dict[str, tuple[Found, str]] = {}
        self.names: set[str] = set()

    def find(self) -> Iterator[Deployment]:
        places = [(each, name) for each in _SECTIONS for name in keys.as_mapping(self.data.get(each))]
        for section, provider in places:
            yield from self.find_declared(provider, self.data[section][provider], (section, provider))
        for key in (each for each in self.data if each in _USED):
            yield from self.find_used(self.data[key], (key,))
        for key in (each for each in self.data if each in _AGENTS):
            for agent, about in keys.as_mapping(self.data[key]).items():
                yield from self.find_used(keys.as_mapping(about).get("model"), (key, agent, "model"))
        for section, provider in places:
            if not any(name.startswith(f"{provider}/") for name in self.names):
                self.source.refuse((section, provider), "no model of it is named")
        reasons = dict.fromkeys(_AGENTS, "agents are programs; its models are called by name")
        self.source.refuse_rest(
            self.data, {**reasons, "*": "it is not about models"}, read=(*_SECTIONS, *_USED, "$schema")
        )

    def find_declared(self, provider: str, about: Any, path: Path) -> Iterator[Deployment]:
        """The models of a provider, which share what is said of it."""
        about = keys.as_mapping(about)
        shared = self.source.gather(about, path, _PROVIDER)
        if "api_key" not in shared and (variables := keys.as_list(about.get("env"))):
            shared["api_key"] = (f"${{{variables[0]}}}", (self.source.document, (*path, "env")))
        vendor = _find_vendor(provider, str(about.get("npm") or about.get("package") or ""))
        self.connections[provider] = shared, vendor
        for model, more in keys.as_mapping(about.get("models")).items():
            at = (*path, "models", model)
            found = {"model": (model, (self.source.document, at))} | shared | self.source.gather(more, at, _MODEL)
            name = f"{provider}/{model}"
            self.names.add(name)
            description = keys.as_mapping(more).get("name")
            if made := self.source.build(name, at, found, vendor, owner=provider, description=description):
                yield made

    def find_used(self, value: Any, path: Path) -> Iterator[Deployment]:
        """A model that is named as ``provider/model``; opencode knows many that no config declares."""
        if not isinstance(value, str) or value in self.names:
            return
        provider, slash, model = value.partition("/")
        if not slash and len(self.connections) == 1:
            model, provider = value, next(iter(self.connections))
        elif not slash:
            self.source.tell(path, f"'{value}' is not converted: a model is named as provider/model", lost=True)
            return
        self.names |= {value, f"{provider}/{model}"}
        shared, vendor = self.connections.get(provider, ({}, provider))
        found = {"model": (model, (self.source.document, path))} | shared
        if made := self.source.build(value, path, found, vendor, owner=provider):
            yield made


def _find_vendor(provider: str, package: str) -> str:
    """Who speaks the protocol: what the package is for, such as ``@ai-sdk/anthropic``, else the provider."""
    name = package.removeprefix("aisdk:").removesuffix("-provider").rpartition("/")[2].removesuffix("-ai-sdk")
    return "openrouter" if package.startswith("@openrouter/") else name or provider
