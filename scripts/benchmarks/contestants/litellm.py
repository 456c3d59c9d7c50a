"""litellm, its library."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import litellm
from contestants import KEY, MESSAGES, MODEL, PACED


def open_blocking(url: str) -> dict[str, Callable[[], object]]:
    """What is measured; the library keeps its own clients."""

    def create(model: str, **options: Any) -> Any:
        return litellm.completion(f"openai/{model}", messages=MESSAGES, api_base=url, api_key=KEY, **options)

    def stream(model: str) -> None:
        for chunk in create(model, stream=True):
            _ = chunk.choices[0].delta.content

    return {
        "call": lambda: create(MODEL).choices[0].message.content,
        "stream": lambda: stream(MODEL),
        "paced": lambda: stream(PACED),
    }


async def open_async(url: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """What is measured; the library keeps its own clients."""

    async def create(model: str, **options: Any) -> Any:
        return await litellm.acompletion(f"openai/{model}", messages=MESSAGES, api_base=url, api_key=KEY, **options)

    async def acall() -> Any:
        return (await create(MODEL)).choices[0].message.content

    async def astream(model: str) -> None:
        async for chunk in await create(model, stream=True):
            _ = chunk.choices[0].delta.content

    return {"acall": acall, "astream": lambda: astream(MODEL), "apaced": lambda: astream(PACED)}
