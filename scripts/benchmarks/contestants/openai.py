"""The openai SDK."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import openai
from contestants import KEY, MESSAGES, MODEL, PACED


def open_blocking(url: str) -> dict[str, Callable[[], object]]:
    """What is measured, on one client."""
    client: Any = openai.OpenAI(api_key=KEY, base_url=url)

    def call() -> Any:
        return client.chat.completions.create(model=MODEL, messages=MESSAGES).choices[0].message.content

    def stream(model: str) -> None:
        for chunk in client.chat.completions.create(model=model, messages=MESSAGES, stream=True):
            _ = chunk.choices[0].delta.content

    return {"call": call, "stream": lambda: stream(MODEL), "paced": lambda: stream(PACED)}


async def open_async(url: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """What is measured, on one client."""
    client: Any = openai.AsyncOpenAI(api_key=KEY, base_url=url)

    async def acall() -> Any:
        return (await client.chat.completions.create(model=MODEL, messages=MESSAGES)).choices[0].message.content

    async def astream(model: str) -> None:
        async for chunk in await client.chat.completions.create(model=model, messages=MESSAGES, stream=True):
            _ = chunk.choices[0].delta.content

    return {"acall": acall, "astream": lambda: astream(MODEL), "apaced": lambda: astream(PACED), "close": client.close}
