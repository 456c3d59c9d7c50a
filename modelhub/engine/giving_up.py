"""Gives up a Python call that takes longer than it may."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import Any

from modelhub.engine.connection_errors import out_of_time


def call_within(call: Callable[[], Any], seconds: float) -> Any:
    """What ``call`` returns, made in a thread of its own, which is left alone when ``seconds`` are over.

    Raises TimeoutError then, else whatever the call raises.
    """
    outcome: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(), None))
        except BaseException as error:
            outcome.put((None, error))

    context = copy_context()
    threading.Thread(target=context.run, args=(run,), name="modelhub-bounded", daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except Empty:
        raise out_of_time() from None
    if error is not None:
        raise error
    return result


async def acall_within(call: Callable[[], Awaitable[Any]], seconds: float) -> Any:
    """What ``call`` returns, awaited; it is cancelled when ``seconds`` are over, and TimeoutError is raised."""
    bound = asyncio.timeout(seconds)
    try:
        async with bound:
            return await call()
    except TimeoutError:
        if not bound.expired():
            raise
        raise out_of_time() from None
