"""Serves an application of aiohttp in a thread, as long as a context is open, and waits for what happens there."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from modelhub.server.http.listening import listen


@contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """The address of ``app``."""
    ready = threading.Event()
    told: list[Any] = []

    async def serve() -> None:
        stop = asyncio.Event()
        async with listen(app, "127.0.0.1", 0) as listener:
            told.extend([listener.url, asyncio.get_running_loop(), stop])
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield told[0]
    finally:
        told[1].call_soon_threadsafe(told[2].set)
        thread.join()


def wait_for(condition: Callable[[], Any]) -> None:
    """Wait until it is true."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
