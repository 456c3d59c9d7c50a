"""Code written by hand over aiohttp."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from contestants import KEY, MESSAGES, MODEL, PACED


async def open_async(url: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """What is measured, on one session."""
    session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"})
    chat = f"{url}/chat/completions"

    async def acall() -> Any:
        async with session.post(chat, json={"model": MODEL, "messages": MESSAGES}) as response:
            response.raise_for_status()
            return (await response.json())["choices"][0]["message"]["content"]

    async def astream(model: str = MODEL) -> None:
        body = {"model": model, "messages": MESSAGES, "stream": True}
        async with session.post(chat, json=body) as response:
            response.raise_for_status()
            async for line in response.content:
                if line.startswith(b"data: ") and not line.startswith(b"data: [DONE]"):
                    json.loads(line[6:])["choices"][0]["delta"].get("content")

    return {"acall": acall, "astream": astream, "apaced": lambda: astream(PACED), "close": session.close}
