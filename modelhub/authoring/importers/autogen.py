"""Converts AutoGen's component configs, and the OAI_CONFIG_LIST of its version 0.2.

https://microsoft.github.io/autogen/stable/user-guide/core-user-guide/framework/component-config.html
https://microsoft.github.io/autogen/0.2/docs/topics/llm_configuration
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path


def _parse_price(value: Any) -> Any:
    """Dollars for a thousand tokens, of prompts and of answers."""
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(each, int | float) for each in value)):
        return None
    return {"price": {"prompt": value[0], "completion": value[1], "per": 1000}}


def _parse_credential(value: Any) -> Any:
    """A key as Azure's library has it."""
    config = value.get("config", value) if isinstance(value, dict) else {}
    key = config.get("key") or config.get("api_key") if isinstance(config, dict) else None
    return {"api_key": key} if key else None


_AWS: Table = {
    "aws_access_key": "access_key",
    "aws_secret_key": "secret_key",
    "aws_session_token": "session_token",
    "aws_region": "region",
    "aws_profile_name": "profile",
}
_COMMON: Table = {
    "model": "model",
    "api_key": "api_key",
    "base_url": "api_base",
    "api_version": "api_version",
    "organization": "organization",
    "timeout": "timeout",
    "request_timeout": "timeout",
    "max_retries": "max_retries",
    "default_headers": keys.HEADERS,
    "extra_headers": keys.HEADERS,
    "stream": "stream",
    "cache_seed": keys.CACHES,
    "cache": keys.CACHES,
}
_ENTRY: Table = {
    **_COMMON,
    "api_type": "",
    "api_base": "api_base",
    "azure_endpoint": "api_base",
    "client_host": "api_base",
    "engine": "model",
    "deployment_name": "model",
    "deployment_id": "model",
    "tags": "tags",
    "price": _parse_price,
    "model_client_cls": "",
    "azure_ad_token_provider": "!write `auth` in the config",
    **_AWS,
    "project_id": "project",
    "location": "location",
    **dict.fromkeys(("hide_tools", "native_tool_calls", "http_client", "client_name"), "!it is for AutoGen's client"),
    "functions": keys.TOOLS,
    "tools": keys.TOOLS,
    "*": "=",
}
_COMPONENT: Table = {
    **_COMMON,
    "azure_endpoint": "api_base",
    "azure_deployment": "",
    "endpoint": "api_base",
    "host": "api_base",
    "credential": _parse_credential,
    "azure_ad_token": "api_key",
    "azure_ad_token_provider": "!write `auth` in the config",
    "model_info": keys.KNOWN,
    "model_capabilities": keys.KNOWN,
    "include_name_in_message": "!names of speakers are sent where a message has one",
    "add_name_prefixes": "!names of speakers are sent where a message has one",
    "default_query": "!write it in client_args",
    "tools": keys.TOOLS,
    "bedrock_info": _AWS,
    "headers": keys.HEADERS,
    "follow_redirects": "!it is for AutoGen's client",
    "options": keys.OPTIONS,
    "*": "=",
}
# By the class of the client.
_CLIENTS = {
    "OpenAIChatCompletionClient": "openai",
    "AzureOpenAIChatCompletionClient": "azure",
    "AnthropicChatCompletionClient": "anthropic",
    "AnthropicBedrockChatCompletionClient": "bedrock",
    "OllamaChatCompletionClient": "ollama",
    "AzureAIChatCompletionClient": "openai",
}
_MADE_UP = ("ReplayChatCompletionClient",)
_WRAPS = ("ChatCompletionCache",)  # it has a client inside


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The entries of a list, or the clients in components, however deep they are."""
    source, data = Source(document, notes), document.data
    listed = data.get("config_list") if isinstance(data, dict) else data
    if isinstance(listed, list) and not any(isinstance(each, dict) and "provider" in each for each in listed):
        path: Path = ("config_list",) if isinstance(data, dict) else ()
        shared = source.gather(data, (), {**_ENTRY, "config_list": ""})  # what is beside the list is for all of it
        for step, item in enumerate(listed):
            if isinstance(item, dict):
                yield from _find_entry(source, item, (*path, step), shared)
            else:
                source.tell((*path, step), "this is not converted: an entry is a mapping", lost=True)
        return
    yield from _search(source, data, ())


def _find_entry(source: Source, item: dict[str, Any], path: Path, shared: Found) -> Iterator[Deployment]:
    name = item.get("model") or item.get("engine") or item.get("deployment_name")
    if "model_client_cls" in item:
        source.tell(path, f"'{name}' is not converted: it has a client of its own, in Python", lost=True)
        return
    found = shared | source.gather(item, path, _ENTRY)
    vendor = str(item.get("api_type") or "openai")
    if "aws_region" in item or "project_id" in item:  # Google's models in a project are Vertex AI's
        vendor = "bedrock" if "aws_region" in item else "vertex_ai"
    if made := source.build(name, path, found, vendor, owner=str(name)):
        yield made


def _search(source: Source, value: Any, path: Path) -> Iterator[Deployment]:
    if isinstance(value, list):
        for step, item in enumerate(value):
            yield from _search(source, item, (*path, step))
    if not isinstance(value, dict):
        return
    name = value.get("provider")
    client = name.rpartition(".")[2] if isinstance(name, str) else ""
    config = value.get("config")
    is_model = value.get("component_type") == "model" or client.endswith("ChatCompletionClient")
    if is_model and client not in _WRAPS and isinstance(config, dict):
        yield from _find_component(source, client, config, (*path, "config"))
        return
    for key, item in value.items():
        yield from _search(source, item, (*path, key))


def _find_component(source: Source, client: str, config: dict[str, Any], path: Path) -> Iterator[Deployment]:
    name = config.get("model") or config.get("azure_deployment") or client
    if client in _MADE_UP:
        source.tell(path[:-1], f"{client} is not converted: it is made up; `modelhub mock` answers tests")
        return
    if client not in _CLIENTS:
        source.tell(path[:-1], f"'{name}' is not converted: there is no model_type for {client}", lost=True)
        return
    found = source.gather(config, path, _COMPONENT)
    if deployed := config.get("azure_deployment"):
        found["model"] = (deployed, (source.document, (*path, "azure_deployment")))
    if made := source.build(name, path, found, _CLIENTS[client], owner=str(name)):
        yield made
