"""The keys in which a model_type has the address of its server."""

from __future__ import annotations

import re
from typing import Any

from modelhub.authoring.importers.vendors import Vendor

_VERSIONED = re.compile(r"(?P<base>https?://.+)/(?P<version>v\d\w*)/?")
_COMPATIBLE = re.compile(r"(?P<base>https?://[^/]+)/compatible-mode/v1/?")  # DashScope's API in OpenAI's form
_OLLAMA_PATH = re.compile(r"/(?:api|v1)?/?$")
_GEMINI_VERSION = "v1beta"  # LiteLLM's


def build_address(
    provider: str | None, vendor: Vendor | None, model_type: str, api_base: Any, *, exact: bool = False
) -> dict[str, Any] | None:
    """The keys of a config that mean the same as ``api_base``; None if this model_type has no such keys.

    With ``exact``, the address is what other programs than LiteLLM have: perhaps with the path of an API's version.
    """
    base_url = vendor.base_url if vendor else None
    if model_type == "litellm_chat":
        if provider == "litellm_proxy":
            return {"client_args": {"base_url": api_base or base_url}}
        return {"api_base": api_base} if api_base else {}
    if provider == "azure":
        # Every resource has OpenAI's own API below this path:
        # https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
        resource = str(api_base or "${AZURE_API_BASE}").partition("/openai")[0].rstrip("/")
        return {"client_args": {"base_url": f"{resource}/openai/v1"}}
    if api_base and not isinstance(api_base, str):
        return {"client_args": {"base_url": api_base}}
    if model_type.startswith("ollama"):
        if api_base and exact:
            api_base = _OLLAMA_PATH.sub("", api_base)
        return {"host": api_base} if api_base else {}
    if model_type.startswith("gemini"):
        if not api_base:
            return {} if exact else {"client_args": {"api_version": _GEMINI_VERSION}}
        match = _VERSIONED.fullmatch(api_base)
        if exact and match is None and not api_base.rstrip("/").endswith("/openai"):
            return {"client_args": {"base_url": api_base}}
        return match and {"client_args": {"base_url": match["base"], "api_version": match["version"]}}
    if model_type.startswith("dashscope") and api_base:
        match = _COMPATIBLE.fullmatch(api_base)
        return match and {"client_args": {"base_url": f"{match['base']}/api/v1"}}
    if model_type == "anthropic_chat" and api_base:
        api_base = api_base.removesuffix("/v1/messages")
        if exact:
            api_base = api_base.rstrip("/").removesuffix("/v1")
    base_url = api_base or base_url
    if exact and base_url:
        base_url = base_url.removesuffix("/chat/completions").removesuffix("/embeddings")
    return {"client_args": {"base_url": base_url}} if base_url else {}
