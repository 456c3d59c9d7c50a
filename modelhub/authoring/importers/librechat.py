"""Converts the librechat.yaml of LibreChat: https://www.librechat.ai/docs/configuration/librechat_yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Found, Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

_SHOWN = (
    *("titleConvo", "titleModel", "titleMethod", "titlePrompt", "titlePromptTemplate", "titleEndpoint", "titleTiming"),
    *("titleMessageRole", "summarize", "summaryModel", "modelDisplayLabel", "iconURL", "userIdQuery", "streamRate"),
    "customOrder",
)
_USERS = "it is for the users of LibreChat"


def _parse_headers(value: Any) -> Any:
    """Headers, but for those that hold what LibreChat knows of its users."""
    if not isinstance(value, dict):
        return None
    return {keys.HEADERS: {name: text for name, text in value.items() if "{{LIBRECHAT_" not in str(text)}}


def _parse_key(value: Any) -> Any:
    """A key; users may be asked for their own."""
    return {} if value == "user_provided" else {"api_key": value}


def _parse_address(value: Any) -> Any:
    return {} if value == "user_provided" else {"api_base": value}


_ENDPOINT: Table = {
    "name": "",
    "models": "",
    "apiKey": _parse_key,
    "baseURL": _parse_address,
    "headers": _parse_headers,
    "addParams": keys.OPTIONS,
    "dropParams": "!only what a config or a call says is sent",
    "forcePrompt": keys.PROMPTS,
    "directEndpoint": "",
    **dict.fromkeys(("customParams", "defaultParamsEndpoint"), "!options have the vendor's names already"),
    **dict.fromkeys(_SHOWN, f"!{_USERS}"),
}
_GROUP: Table = {
    "group": "",
    "models": "",
    "instanceName": "",
    "deploymentName": "",
    "apiKey": "api_key",
    "baseURL": "",
    "version": "api_version",
    "additionalHeaders": _parse_headers,
    "addParams": keys.OPTIONS,
    "dropParams": "!only what a config or a call says is sent",
    "serverless": "",
    **dict.fromkeys(_SHOWN, f"!{_USERS}"),
}
_DEPLOYED: Table = {"deploymentName": "", "version": "api_version", "assistants": f"!{_USERS}"}
# Endpoints whose address is the vendor's own.
_VENDORS = ("openAI", "anthropic", "google", "azureOpenAI", "bedrock")


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models that the endpoints list."""
    source, data = Source(document, notes), document.data
    endpoints = data.get("endpoints") if isinstance(data, dict) else None
    if not isinstance(endpoints, dict):
        return
    for path, item in source.list_mappings(("endpoints", "custom"), "an endpoint"):
        yield from _find_of_endpoint(source, item, path)
    for key, value in endpoints.items():
        path = ("endpoints", key)
        if key == "azureOpenAI" and isinstance(value, dict):
            for at, item in source.list_mappings((*path, "groups"), "a group"):
                yield from _find_of_group(source, item, at)
            for more in value.keys() - {"groups"}:
                source.refuse((*path, more), _USERS)
        elif key in _VENDORS and isinstance(value, dict) and isinstance(value.get("models"), dict | list):
            yield from _find_listed(source, value, path, {}, key)
        elif key != "custom":
            source.refuse(path, "it names no model")
    source.refuse_rest(data, {"*": _USERS}, read=("endpoints", "version"))


def _find_of_endpoint(source: Source, item: dict[str, Any], path: Path) -> Iterator[Deployment]:
    yield from _find_listed(source, item, path, source.gather(item, path, _ENDPOINT), "openai")


def _find_listed(source: Source, item: dict[str, Any], path: Path, shared: Found, vendor: str) -> Iterator[Deployment]:
    models = keys.as_mapping(item.get("models"))
    steps = ("models", "default") if models else ("models",)
    listed = keys.as_list(models.get("default") if models else item.get("models"))
    owner = str(item.get("name") or "")
    for step, model in enumerate(listed):
        at = (*path, *steps, step)
        name = model.get("name") if isinstance(model, dict) else model
        found = {"model": (name, (source.document, at)), **shared}
        description = model.get("description") if isinstance(model, dict) else None
        if made := source.build(name, at, found, vendor, owner=owner, description=description):
            yield made
    if models.get("fetch"):
        source.refuse((*path, "models", "fetch"), "only the models that are listed have configs")
    if not listed:
        source.tell(path, f"'{owner or path[-1]}' is not converted: it lists no model", lost=True)


def _find_of_group(source: Source, item: dict[str, Any], path: Path) -> Iterator[Deployment]:
    """The models of one resource of Azure's, or of one address without deployments."""
    shared = source.gather(item, path, _GROUP)
    address = item.get("baseURL")
    if "${DEPLOYMENT_NAME}" in str(address):
        name = item.get("group")
        source.tell((*path, "baseURL"), f"'{name}' is not converted: its address has places for names", lost=True)
        return
    if address and "${INSTANCE_NAME}" not in str(address):
        shared["api_base"] = (address, (source.document, (*path, "baseURL")))
    elif isinstance(item.get("instanceName"), str):
        name = item["instanceName"]
        host = name if "." in name else f"{name}.openai.azure.com"
        shared["api_base"] = (f"https://{host}", (source.document, (*path, "instanceName")))
    for model, about in keys.as_mapping(item.get("models")).items():
        at = (*path, "models", model)
        more = source.gather(about, at, _DEPLOYED)
        deployed = about.get("deploymentName") if isinstance(about, dict) else item.get("deploymentName")
        found = {**shared, **more, "model": (deployed or model, (source.document, at))}
        vendor = "openai" if item.get("serverless") else "azure"
        if made := source.build(model, at, found, vendor, owner=str(item.get("group") or "")):
            yield made
