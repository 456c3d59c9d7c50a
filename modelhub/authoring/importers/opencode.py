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
    "project": "vertex_project",
    "location": "vertex_location",
    "region": "aws_region_name",
    "profile": "aws_profile_name",
}
_PROVIDER: Table = {
    "npm": "",
    "package": "",
    "id": "",
    "name": "",
    "env": "",
    "models": "",
    "api": lambda value: {"api_base": value} if isinstance(value, str) else {},
    "options": _CONNECTION,
    "settings": _CONNECTION,
    "headers": keys.HEADERS,
    "body": keys.OPTIONS,
    "request": {"headers": keys.HEADERS, "body": keys.OPTIONS},
}
_OPTIONS: Table = {
    **_CONNECTION,
    "reasoningEffort": "reasoning_effort",
    "textVerbosity": "verbosity",
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "thinking": "!write what the vendor calls it in generate_args",
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
    **dict.fromkeys(("release_date", "last_updated", "knowledge", "family", "status"), keys.DISPLAY),
}
_USED = ("model", "small_model")
Connections = dict[str, tuple[Found, str]]  # by provider


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models of all providers, and those that are used without being declared."""
    source, data = Source(document, notes), document.data
    if not isinstance(data, dict):
        return
    declared: set[str] = set()
    connections: dict[str, tuple[Found, str]] = {}
    for section in ("provider", "providers"):
        providers = data.get(section)
        for provider, about in providers.items() if isinstance(providers, dict) else ():
            path = (section, provider)
            connections[provider] = _read_connection(source, provider, about, path)
            yield from _find_of_provider(source, provider, about, path, connections, declared)
    for key in data:
        if key in _USED:
            yield from _find_used(source, data[key], (key,), connections, declared)
        elif key in ("agent", "agents", "mode"):
            agents = data[key] if isinstance(data[key], dict) else {}
            for agent, about in agents.items():
                if isinstance(about, dict) and "model" in about:
                    yield from _find_used(source, about["model"], (key, agent, "model"), connections, declared)
            source.refuse((key,), "agents are programs; its models are called by name")
        elif key not in ("provider", "providers", "$schema"):
            source.refuse((key,), "it is not about models")
    for section in ("provider", "providers"):
        for provider in connections:
            listed = data.get(section)
            if isinstance(listed, dict) and provider in listed and not any(_is_of(name, provider) for name in declared):
                source.refuse((section, provider), "no model of it is named")


def _read_connection(source: Source, provider: str, about: Any, path: Path) -> tuple[Found, str]:
    """What all models of a provider share, and whose protocol they speak."""
    found = source.gather(about, path, _PROVIDER)
    package = str(about.get("npm") or about.get("package") or "") if isinstance(about, dict) else ""
    variables = about.get("env") if isinstance(about, dict) else None
    if isinstance(variables, list) and variables and "api_key" not in found:
        found["api_key"] = (f"${{{variables[0]}}}", (source.document, (*path, "env")))
    return found, _find_vendor(provider, package)


def _find_of_provider(
    source: Source, provider: str, about: Any, path: Path, connections: Connections, declared: set[str]
) -> Iterator[Deployment]:
    shared, vendor = connections[provider]
    models = about.get("models") if isinstance(about, dict) else None
    for model, more in models.items() if isinstance(models, dict) else ():
        at = (*path, "models", model)
        found = {"model": (model, (source.document, at))} | shared | source.gather(more, at, _MODEL)
        name = f"{provider}/{model}"
        declared.add(name)
        description = more.get("name") if isinstance(more, dict) else None
        if made := source.build(name, at, found, vendor, owner=provider, description=description):
            yield made


def _find_vendor(provider: str, package: str) -> str:
    """Who speaks the protocol: what the package is for, such as ``@ai-sdk/anthropic``, else the provider."""
    name = package.removeprefix("aisdk:").removesuffix("-provider").rpartition("/")[2].removesuffix("-ai-sdk")
    return "openrouter" if package.startswith("@openrouter/") else name or provider


def _is_of(name: str, provider: str) -> bool:
    return name.startswith(f"{provider}/")


def _find_used(
    source: Source, value: Any, path: Path, connections: Connections, declared: set[str]
) -> Iterator[Deployment]:
    """A model that is named as ``provider/model``; opencode knows many that no config declares."""
    if not isinstance(value, str) or value in declared:
        return
    provider, slash, model = value.partition("/")
    if not slash and len(connections) == 1:
        model, provider = value, next(iter(connections))
    elif not slash:
        source.tell(path, f"'{value}' is not converted: a model is named as provider/model", lost=True)
        return
    declared.add(value if slash else f"{provider}/{model}")
    shared, vendor = connections.get(provider, ({}, provider))
    found = {"model": (model, (source.document, path))} | shared
    if made := source.build(value, path, found, vendor, owner=provider):
        yield made
