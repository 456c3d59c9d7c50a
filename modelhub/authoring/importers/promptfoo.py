"""Converts the providers of a promptfoo config: https://www.promptfoo.dev/docs/providers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment, Described
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.promptfoo_http import find_http
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path


def _parse_reasoning(value: Any) -> Any:
    """How much is thought, as OpenAI's Responses API has it."""
    effort = value.get("effort") if isinstance(value, dict) else None
    return {"reasoning_effort": effort} if effort else None


_CONFIG: Table = {
    "apiKey": "api_key",
    "apiKeyEnvar": lambda name: {"api_key": f"${{{name}}}"},
    "apiBaseUrl": "api_base",
    "baseUrl": "api_base",
    "apiHost": lambda host: {"api_base": f"https://{host}/v1"},
    "apiVersion": "api_version",
    "deployment_id": "!the name of the deployment is in the id",
    "organization": "organization",
    "headers": keys.HEADERS,
    "passthrough": keys.OPTIONS,
    "extra_body": keys.OPTIONS,
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "maxRetries": "max_retries",
    "timeout": keys.milliseconds,
    "generationConfig": {
        "maxOutputTokens": "max_tokens",
        "topP": "top_p",
        "topK": "top_k",
        "stopSequences": "stop_sequences",
        "*": "=",
    },
    "inferenceConfig": {
        **dict.fromkeys(("max_new_tokens", "maxTokens"), "max_tokens"),
        "topP": "top_p",
        "topK": "top_k",
        "stopSequences": "stop",
        "*": "=",
    },
    "reasoning": _parse_reasoning,
    "region": "region",
    "projectId": "project",
    "profile": "profile",
    "accessKeyId": "access_key",
    "secretAccessKey": "secret_key",
    "sessionToken": "session_token",
    "cost": "!write `price` in the config",
    "inputCost": "!write `price` in the config",
    "outputCost": "!write `price` in the config",
    "tools": keys.TOOLS,
    "functions": keys.TOOLS,
    "tool_choice": keys.TOOLS,
    "functionToolCallbacks": keys.TOOLS,
    "response_format": "!pass it with each call",
    "showThinking": keys.DISPLAY,
    "systemPrompt": keys.PROMPTS,
    "systemInstruction": keys.PROMPTS,
    "*": "=",
}
# What may stand between the vendor and the model, and what it is for.
_KINDS = {
    "chat": "chat",
    "messages": "chat",
    "responses": "",
    "converse": "chat",
    "model": "",
    "embedding": "embedding",
    "embeddings": "embedding",
    "image": "image_generation",
    "completion": "completions",
    "completions": "completions",
    "text-generation": "chat",
    "feature-extraction": "embedding",
    "realtime": "realtime",
    "moderation": "moderation",
    "transcription": "audio_transcription",
    "speech": "audio_speech",
    "assistant": "assistants",
    "live": "realtime",
}
_BARE_HOST: Table = {**_CONFIG, "apiHost": lambda host: {"api_base": f"https://{host}"}}
_BARE_HOSTS = ("azure", "azureopenai", "google", "palm", "vertex")  # whose paths are their own
# Where promptfoo asks servers of one's own, and vendors that have several.
_ADDRESSES = {
    "litellm": "http://0.0.0.0:4000",
    "localai": "http://localhost:8080/v1",
    "llama": "http://localhost:8080/v1",
    **dict.fromkeys(
        ("alibaba", "alicloud", "aliyun", "dashscope"), "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
    ),
}
_SERVERS = {"llama": "llama_cpp"}
_CHATS_TOO = ("ollama",)  # its completions are those of chat models
_NO_MODEL = re.compile(
    r"(?:file|package|exec|python|golang|ruby|webhook|wss?|websocket|mcp|browser|sequence|bedrock-agent)\b"
)
_NO_ANSWERS = re.compile(r"(?:echo|promptfoo)\b")
_HTTP = re.compile(r"https?(?:://|$)")
_REASONS = {
    "prompts": keys.PROMPTS[1:],
    "tests": "what is asked is no part of a config",
    "defaultTest": "what is asked is no part of a config",
    "scenarios": "what is asked is no part of a config",
    "redteam": "what is asked is no part of a config",
    "description": "the file has none",
    "env": "set the variables before your program starts",
    "*": "it is for an evaluation",
}


def find_models(document: Document, notes: Notes) -> Iterator[Deployment | Described]:
    """The models that are asked: of ``providers``, or of ``targets``, which is the same."""
    source, data = Source(document, notes), document.data
    if not isinstance(data, dict):
        return
    for key in ("providers", "targets"):
        given = data.get(key)
        listed = list(enumerate(given)) if isinstance(given, list) else [(None, given)] if given else []
        for step, item in listed:
            path: Path = (key,) if step is None else (key, step)
            yield from _find_item(source, item, path)
    source.refuse_rest(data, _REASONS, read=("providers", "targets", "$schema"))


def _find_item(source: Source, item: Any, path: Path) -> Iterator[Deployment | Described]:
    if isinstance(item, str):
        yield from _find(source, item, {}, path, path)
    elif isinstance(item, dict) and isinstance(item.get("id"), str):
        yield from _find(source, item["id"], item, path, (*path, "id"))
    elif isinstance(item, dict) and item:  # the id is the key
        for name, about in item.items():
            more = keys.as_mapping(about)
            yield from _find(source, str(more.get("id") or name), more, (*path, name), (*path, name))
    else:
        source.tell(path, "this is not converted: a provider is a text or a mapping with id", lost=True)


def _find(source: Source, name: str, item: dict[str, Any], path: Path, at: Path) -> Iterator[Deployment | Described]:
    label = str(item.get("label") or name)
    if _NO_MODEL.match(name):
        source.tell(at, f"'{name}' is not converted: it is a program, which promptfoo runs itself", lost=True)
        return
    if _NO_ANSWERS.match(name):
        source.tell(at, f"{name} is not converted: it is promptfoo's own, and no model")
        return
    for key in item.keys() - {"id", "label", "config"}:
        source.refuse((*path, key), "it is for an evaluation")
    if _HTTP.match(name) and "request" in keys.as_mapping(item.get("config")):
        message = f"'{label}' is not converted: its request is one text; write url, headers and body instead"
        source.tell((*path, "config", "request"), message, key=True, lost=True)
        return
    if _HTTP.match(name):
        yield from find_http(source, label, name, keys.as_mapping(item.get("config")), (*path, "config"))
        return
    vendor, _, rest = name.partition(":")
    kind, colon, model = rest.partition(":")
    if not (colon and kind in _KINDS):
        kind, model = "", rest
    mode = _KINDS.get(kind, "")
    if mode == "completions" and vendor in _CHATS_TOO:
        mode = "chat"
    found: Found = {"model": (model or None, (source.document, at))}
    if address := _ADDRESSES.get(vendor):
        found["api_base"] = (address, (source.document, at))
    found |= source.gather(item.get("config"), (*path, "config"), _BARE_HOST if vendor in _BARE_HOSTS else _CONFIG)
    if made := source.build(label, at, found, _SERVERS.get(vendor, vendor), mode=mode, owner=label):
        yield made
