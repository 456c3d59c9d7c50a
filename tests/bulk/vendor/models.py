"""One model of each vendor that has a batch API, and the API that it has."""

from __future__ import annotations

from typing import Any

import modelhub
from modelhub.bulk.vendor.choosing import find_api

KEY = "id.secret"
PATHS = {"openai": "/v1", "zhipuai": "/api/paas/v4", "dashscope": "/api/v1", "anthropic": "", "gemini": ""}
CHATS = {vendor: f"{vendor}_chat" for vendor in PATHS}


def build_config(vendor: str, origin: str, model_type: str | None = None, **more: Any) -> dict[str, Any]:
    """The config of a model that is asked at ``origin``."""
    client = {"base_url": f"{origin}{PATHS[vendor]}"}
    return {
        "config_name": vendor,
        "model_type": model_type or CHATS[vendor],
        "model_name": "m",
        "api_key": KEY,
        "client_args": client,
        **more,
    }


def build_api(vendor: str, model_type: str | None = None, origin: str = "http://server", **more: Any) -> Any:
    """The batch API of a model."""
    hub = modelhub.ModelRegistry([build_config(vendor, origin, model_type, **more)])
    return find_api(hub.get_model(vendor))
