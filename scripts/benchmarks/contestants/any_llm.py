"""any-llm, its client for OpenAI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from any_llm import AnyLLM
from contestants import KEY, MESSAGES, MODEL, PACED


def open_blocking(url: str) -> dict[str, Callable[[], object]]:
    """What is measured, on one client."""
    client: Any = AnyLLM.create("openai", api_key=KEY, api_base=url)

    def stream(model: str) -> None:
        for chunk in client.completion(model, MESSAGES, stream=True):
            _ = chunk.choices[0].delta.content

    return {
        "call": lambda: client.completion(MODEL, MESSAGES).choices[0].message.content,
        "stream": lambda: stream(MODEL),
        "paced": lambda: stream(PACED),
    }


async def open_async(url: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """What is measured, on one client."""
    client: Any = AnyLLM.create("openai", api_key=KEY, api_base=url)

    async def acall() -> Any:
        return (await client.acompletion(MODEL, MESSAGES)).choices[0].message.content

    async def astream(model: str) -> None:
        async for chunk in await client.acompletion(model, MESSAGES, stream=True):
            _ = chunk.choices[0].delta.content

    return {"acall": acall, "astream": lambda: astream(MODEL), "apaced": lambda: astream(PACED)}
