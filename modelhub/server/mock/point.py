"""Changes configs so that they call a mock server instead of the vendor."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from modelhub.errors import ModelHubError
from modelhub.vendors import find_vendor

# By how a model_type begins, the longest first: the key that holds its address, and the path below the mock's URL.
_ADDRESSES = {
    "post_api_embedding": ("api_url", "/llm/embeddings"),
    "post_api_dall_e": ("api_url", "/llm/images"),
    "post_api": ("api_url", "/llm/"),
    "litellm": ("base_url", "/v1"),
    "ollama": ("host", ""),
}
_SPOKEN = ("anthropic", "dashscope", "zhipuai", "gemini", "openai", "yi")  # vendors whose paths the mock has, too
_DESCRIBING = ("request", "messages", "response", "error", "poll")  # of a protocol that a config describes itself
KEY = "mock.key"  # of the form that every vendor takes


def point_at(config: dict[str, Any], url: str) -> dict[str, Any]:
    """``config`` with the address of the mock at ``url``, and with a made-up key.

    Raises ModelHubError for a model_type whose wire format the mock does not speak, and for a protocol that the config
    describes.
    """
    model_type = config["model_type"]
    if model_type.rpartition(":")[2].startswith("post_api") and _describes_protocol(config):
        raise ModelHubError(
            f"config {config['config_name']!r}: the mock server does not speak the protocol that it describes;"
            " `modelhub adapter test` plays recorded exchanges"
        )
    found = _find_address(model_type.rpartition(":")[2])
    if found is None:
        raise ModelHubError(f"config {config['config_name']!r}: the mock server does not speak {model_type}")
    key, path = found
    address: dict[str, Any] = {key: url + path}
    if key == "base_url":
        address = {"client_args": {**(config.get("client_args") or {}), key: url + path}}
    kept = {name: value for name, value in config.items() if name != "auth"}
    return {**kept, **address, "api_key": KEY}


def list_addresses(url: str) -> list[tuple[str, str, str]]:
    """The formats that the mock at ``url`` speaks: whose it is, the key of a config for its address, and that."""
    spoken = [(vendor, urlsplit(vendor.base_url or "").path) for name in _SPOKEN if (vendor := find_vendor(name))]
    own = [("POST API", "api_url", url + _ADDRESSES["post_api"][1]), ("Ollama", "host", url)]
    return sorted([*own, *((vendor.title, "client_args.base_url", url + path) for vendor, path in spoken)])


def _describes_protocol(config: dict[str, Any]) -> bool:
    return isinstance(config.get("stream"), dict) or any(config.get(name) is not None for name in _DESCRIBING)


def _find_address(model_type: str) -> tuple[str, str] | None:
    """The key that holds the address of a model_type, and the path below the mock's URL; None when it has none."""
    vendor = find_vendor(name) if (name := model_type.partition("_")[0]) in _SPOKEN else None
    if vendor is not None:
        return "base_url", urlsplit(vendor.base_url or "").path
    return next((address for start, address in _ADDRESSES.items() if model_type.startswith(start)), None)
