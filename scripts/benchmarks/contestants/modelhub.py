"""modelhub, with all that it does for a call by default, and with each layer that a config can add."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from contestants import KEY, MESSAGES, MODEL, PACED, TEXTS

from modelhub import ModelRegistry

LAYERS: dict[str, dict[str, Any]] = {
    "timeout": {"timeout": {"first_token": 30, "total": 60}},
    "limits": {"limits": {"concurrency": 8, "rpm": 1e9}},
    "limits of tokens": {"limits": {"tpm": 1e12}},
    "circuit_breaker": {"circuit_breaker": {"failures": 5}},
    "cache, kept": {"cache": {"store": "memory"}},
}
"""What a config may ask for, and what is measured as ``call with NAME``."""


def build_configs(url: str) -> list[dict[str, Any]]:
    """A chat, paced or not, embeddings, and the chat with each layer."""
    common = {"model_type": "openai_chat", "api_key": KEY, "client_args": {"base_url": url}}
    chat = {**common, "model_name": MODEL}
    return [
        {**chat, "config_name": "chat"},
        {**common, "config_name": "paced", "model_name": PACED},
        {**common, "config_name": "vectors", "model_type": "openai_embedding", "model_name": "e"},
        *({**chat, "config_name": name, **layer} for name, layer in LAYERS.items()),
    ]


def open_blocking(url: str) -> dict[str, Callable[[], object]]:
    """What is measured, on one registry."""
    hub = ModelRegistry(build_configs(url))
    model, slow, vectors = map(hub.get_model, ("chat", "paced", "vectors"))

    def call(model: Any) -> str:
        return model(MESSAGES).text

    def stream(model: Any) -> None:
        for delta in model(MESSAGES, stream=True):
            _ = delta.text

    return {
        "call": lambda: call(model),
        "stream": lambda: stream(model),
        "paced": lambda: stream(slow),
        "numbers": lambda: vectors(TEXTS, encoding_format="float").embedding,
        "base64": lambda: vectors(TEXTS, encoding_format="base64").embedding,
        **{f"call with {name}": partial(call, hub.get_model(name)) for name in LAYERS},
    }


async def open_async(url: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """What is measured, on one registry."""
    hub = ModelRegistry(build_configs(url))
    model, slow = hub.get_model("chat"), hub.get_model("paced")

    async def acall() -> str:
        return (await model.acall(MESSAGES)).text

    async def astream(model: Any) -> None:
        async for delta in await model.acall(MESSAGES, stream=True):
            _ = delta.text

    return {"acall": acall, "astream": lambda: astream(model), "apaced": lambda: astream(slow), "close": hub.aclose}
