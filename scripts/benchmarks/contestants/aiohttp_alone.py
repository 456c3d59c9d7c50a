"""aiohttp moving bytes, the least that async calls over it can cost."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import aiohttp
from contestants import KEY, MESSAGES, MODEL, PACED


async def open_async(url: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """What is measured, on one session."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    session = aiohttp.ClientSession(headers=headers, auto_decompress=False)
    chat = f"{url}/chat/completions"
    bodies = {
        name: json.dumps({"model": model, "messages": MESSAGES, "stream": streams}).encode()
        for name, model, streams in (("acall", MODEL, False), ("astream", MODEL, True), ("apaced", PACED, True))
    }

    async def acall() -> bytes:
        async with session.post(chat, data=bodies["acall"]) as response:
            return await response.read()

    async def read(body: bytes) -> None:
        async with session.post(chat, data=body) as response:
            async for _ in response.content.iter_any():
                pass

    return {
        "acall": acall,
        "astream": lambda: read(bodies["astream"]),
        "apaced": lambda: read(bodies["apaced"]),
        "close": session.close,
    }
