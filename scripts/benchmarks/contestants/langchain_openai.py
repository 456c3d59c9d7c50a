"""langchain, its chat model for OpenAI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from contestants import KEY, MESSAGES, MODEL, PACED
from langchain_openai import ChatOpenAI


def _open(model: str, url: str) -> Any:
    return ChatOpenAI(model=model, base_url=url, api_key=KEY)


def open_blocking(url: str) -> dict[str, Callable[[], object]]:
    """What is measured, on one model each."""
    model, slow = _open(MODEL, url), _open(PACED, url)

    def stream(model: Any) -> None:
        for chunk in model.stream(MESSAGES):
            _ = chunk.content

    return {
        "call": lambda: model.invoke(MESSAGES).content,
        "stream": lambda: stream(model),
        "paced": lambda: stream(slow),
    }


async def open_async(url: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """What is measured, on one model each."""
    model, slow = _open(MODEL, url), _open(PACED, url)

    async def acall() -> Any:
        return (await model.ainvoke(MESSAGES)).content

    async def astream(model: Any) -> None:
        async for chunk in model.astream(MESSAGES):
            _ = chunk.content

    return {"acall": acall, "astream": lambda: astream(model), "apaced": lambda: astream(slow)}
