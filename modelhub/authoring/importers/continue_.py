"""Converts the config.yaml of Continue, and its config.json: https://docs.continue.dev/reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

_OPTIONS: Table = {
    "maxTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "minP": "min_p",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "repeatPenalty": "repeat_penalty",
    "numThreads": "num_thread",
    "numGpu": "num_gpu",
    "contextLength": keys.CONTEXT,
    "keepAlive": "keep_alive",
    "reasoning": "!write what the vendor calls it in generate_args",
    "promptCaching": "!what is kept is told with the messages of each call",
    "reasoningBudgetTokens": "!write what the vendor calls it in generate_args",
    "*": "=",
}
_REQUESTS: Table = {
    "headers": keys.HEADERS,
    "timeout": "timeout",
    "proxy": "proxy",
    "extraBodyProperties": keys.OPTIONS,
    "verifySsl": keys.TLS,
    "caBundlePath": keys.TLS,
    "clientCertificate": keys.TLS,
    "noProxy": "!the variable NO_PROXY says it",
}
_LEGACY = "!chats are asked for, and no completions"
_MODEL: Table = {
    "name": "",
    "title": "",
    "provider": "",
    "roles": "",
    "uses": "",
    "model": "model",
    "apiKey": "api_key",
    "apiBase": "api_base",
    "apiVersion": "api_version",
    "engine": "model",
    "deployment": "model",
    "contextLength": keys.CONTEXT,
    "maxStopWords": keys.CONTEXT,
    "capabilities": keys.KNOWN,
    "defaultCompletionOptions": _OPTIONS,
    "completionOptions": _OPTIONS,
    "requestOptions": _REQUESTS,
    "env": {
        "apiVersion": "api_version",
        "deployment": "model",
        "apiType": "",
        "region": "region",
        "profile": "profile",
        "projectId": "project",
        "useLegacyCompletionsEndpoint": _LEGACY,
    },
    "region": "region",
    "profile": "profile",
    "projectId": "project",
    "useLegacyCompletionsEndpoint": _LEGACY,
    "apiType": "",
    "cacheBehavior": "!what is kept is told with the messages of each call",
    "embedOptions": "!texts are sent in as many requests as the vendor wants",
    "autocompleteOptions": "!it is for an editor",
    "systemMessage": keys.PROMPTS,
    "chatOptions": keys.PROMPTS,
    "promptTemplates": keys.PROMPTS,
    "template": keys.PROMPTS,
}
_ROLES = {"embed": "embedding", "rerank": "rerank", "": ""}  # what a model with this role alone is for
_SHARED: Table = {"requestOptions": _REQUESTS, "completionOptions": _OPTIONS, "*": ""}  # of all models
_SERVERS = ("llama.cpp", "huggingface-tgi")
# Of config.json: where models stand besides its list, and what they are for.
_SINGLE = {"tabAutocompleteModel": "", "embeddingsProvider": "embedding", "reranker": "rerank"}
_REASONS = {
    "context": "it is for an editor",
    "rules": keys.PROMPTS[1:],
    "prompts": keys.PROMPTS[1:],
    "systemMessage": keys.PROMPTS[1:],
    "mcpServers": keys.TOOLS[1:],
    "*": "it is for an editor",
}


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models of the list, and those that the older config has for one purpose each."""
    source, data = Source(document, notes), document.data
    if not isinstance(data, dict):
        return
    shared = source.gather(data, (), _SHARED)
    for path, item in source.list_mappings(("models",), "a model"):
        yield from _find(source, item, path, "", shared)
    for key, mode in _SINGLE.items():
        value = data.get(key)
        several: list[tuple[Path, Any]] = [((key,), value)]
        if isinstance(value, list):
            several = [((key, step), item) for step, item in enumerate(value)]
        for at, single in several:
            if isinstance(single, dict) and single.get("provider") != "transformers.js":
                yield from _find(source, single, at, mode, shared)
            elif isinstance(single, dict):
                source.refuse((key,), "it runs inside of the editor")
    source.refuse_rest(data, _REASONS, read=("models", *_SINGLE, *_SHARED, "name", "version", "schema", "$schema"))


def _find(source: Source, item: dict[str, Any], path: Path, mode: str, shared: Found) -> Iterator[Deployment]:
    name = item.get("name") or item.get("title") or item.get("model")
    if mode == "rerank":
        source.tell(path, f"'{name}' is not converted: there is no model_type for rerank", lost=True)
        return
    if "uses" in item:
        source.tell(path, f"'{item['uses']}' is not converted: it is a block of Continue's hub", lost=True)
        return
    if item.get("model") == "AUTODETECT":
        message = f"'{name}' is not converted: AUTODETECT is no model; write a config for each model that you use"
        source.tell((*path, "model"), message, lost=True)
        return
    if not mode and isinstance(item.get("roles"), list):
        mode = _ROLES.get(" ".join(map(str, item["roles"])), "chat")
    if mode == "embedding":
        shared = {name: each for name, each in shared.items() if each[1][1][0] == "requestOptions"}
    found = keys.merge(shared, source.gather(item, path, _MODEL))
    provider = str(item.get("provider") or "openai")
    address, place = found.get("api_base", ("", (source.document, path)))
    if provider in _SERVERS and urlsplit(str(address)).path in ("", "/") and address:
        found["api_base"] = (f"{str(address).rstrip('/')}/v1", place)  # where these have OpenAI's API
    if made := source.build(name, path, found, provider, mode=mode, owner=str(name)):
        yield made
