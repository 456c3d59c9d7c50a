"""A model of any type that a mock server answers for, and what such a server was sent."""

from __future__ import annotations

from typing import Any

from modelhub import ModelRegistry


def build_model(model_type: str, url: str, **config: Any) -> Any:
    """A model of this type, served by the mock at ``url``."""
    v1 = {"client_args": {"base_url": f"{url}/v1"}}
    at = {
        "ollama_chat": {"host": url},
        "post_api_chat": {"api_url": f"{url}/llm/"},
        "anthropic_chat": {"client_args": {"base_url": url}},
        "gemini_chat": {"client_args": {"base_url": url}},
        "dashscope_chat": {"client_args": {"base_url": f"{url}/api/v1"}},
        "dashscope_multimodal": {"client_args": {"base_url": f"{url}/api/v1"}},
        "zhipuai_chat": {"client_args": {"base_url": f"{url}/api/paas/v4"}},
    }
    given = {"config_name": "m", "model_type": model_type, "model_name": "tiny", "api_key": "sk-1"}
    return ModelRegistry({**given, **at.get(model_type, v1), **config}).get_model("m")


def read_turns(body: dict[str, Any]) -> Any:
    """The messages in the body of a request, whatever the vendor calls them."""
    return body.get("contents") or body.get("messages") or body["input"]["messages"]
