"""Who serves a call, in the words of the conventions: operation, provider, model and address."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from modelhub.events import CallStarted
from modelhub.vendors import find_by_host

Value = str | bool | int | float | list[str]
Attributes = Mapping[str, Value]

# The words of the conventions where they are not ours.
_OPERATIONS = {"embedding": "embeddings", "image": "generate_content"}
_PROVIDERS = {
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "codestral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "moonshot_cn": "moonshot_ai",
    "xai": "x_ai",
    "azure": "azure.ai.openai",
}
_AZURE = ".openai.azure.com"
_PORTS = {"http": 80, "https": 443}
_KINDS = ("_text_embedding", "_embedding", "_image_synthesis", "_dall_e", "_multimodal", "_generate", "_chat")


class Served(NamedTuple):
    """What is known of a call before it is sent: ``attributes`` are on metrics, too, ``own`` are on spans alone."""

    span_name: str
    is_composite: bool
    attributes: Attributes
    own: Attributes


def find_served(event: CallStarted, model: Any) -> Served:
    """Who serves the call that ``event`` begins."""
    url = None if model.is_composite else _find_url(model)
    vendor = getattr(model, "vendor", None)
    return _describe(
        event.config_name,
        event.model_type,
        event.model,
        event.task,
        model.is_composite,
        url,
        vendor if isinstance(vendor, str) else None,
    )


def _find_url(model: Any) -> str | None:
    """Where the requests of a model go; None for one that is not over HTTP, or whose config does not say."""
    try:
        return str(model.endpoint.url)
    except Exception:  # the call itself tells what is wrong
        return None


@lru_cache(1024)
def _describe(
    config_name: str, model_type: str, model: str, task: str, is_composite: bool, url: str | None, vendor: str | None
) -> Served:
    own: dict[str, Value] = {"modelhub.model_type": model_type}
    if is_composite:
        return Served(f"invoke {config_name} {model_type}", True, {"modelhub.config_name": config_name}, own)
    operation = _OPERATIONS.get(task, task)
    host, port = _find_address(url)
    attributes: dict[str, Value] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _find_provider(model_type, host, vendor),
        "gen_ai.request.model": model,
        "modelhub.config_name": config_name,
    }
    if host is not None:
        attributes["server.address"] = host
        if port is not None:
            attributes["server.port"] = port
    return Served(f"{operation} {model}", False, attributes, own)


def _find_address(url: str | None) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(url or "")
        return parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # it is no URL
        return None, None


def _find_provider(model_type: str, host: str | None, vendor: str | None) -> str:
    """The provider that the config names, or whose host is asked, or whose API it is."""
    if vendor is None and host is not None:
        known = find_by_host(host)
        vendor = known.name if known is not None else "azure" if host.endswith(_AZURE) else None
    if vendor is None:
        vendor = next((model_type.removesuffix(kind) for kind in _KINDS if model_type.endswith(kind)), model_type)
    return _PROVIDERS.get(vendor, vendor)
