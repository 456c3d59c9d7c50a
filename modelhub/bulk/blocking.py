"""An async stream for code that blocks: it runs in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_END: Any = object()


def drain(
    start: Callable[[AsyncIterator[T]], AsyncIterator[R]], items: Iterable[T], ahead: int, threads: int
) -> Iterator[R]:
    """What the stream that ``start`` makes of ``items`` yields, one result for each.

    The items are taken here, in the caller's thread, at most ``ahead`` of the results. ``threads`` is how many the
    event loop has for what blocks. What is under way ends when the iterator is closed.
    """
    executor = ThreadPoolExecutor(threads)
    came: SimpleQueue[Any] = SimpleQueue()
    began: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any], asyncio.Queue[Any]]] = SimpleQueue()

    async def run() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        loop.set_default_executor(executor)
        given: asyncio.Queue[Any] = asyncio.Queue()
        assert task is not None
        began.put((loop, task, given))
        results = start(_take(given))
        try:
            async for result in results:
                came.put((result, None))
        except Exception as error:
            came.put((_END, error))
        finally:
            came.put((_END, None))

    def serve() -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(run())

    thread = Thread(target=serve, name="modelhub.bulk", daemon=True)
    thread.start()
    loop, task, given = began.get()

    def tell(callback: Callable[..., object], *args: object) -> None:
        with suppress(RuntimeError):  # the loop has just ended; what came last says why
            loop.call_soon_threadsafe(callback, *args)

    left: Iterator[Any] | None = iter(items)
    under_way = 0
    try:
        while True:
            while left is not None and under_way < ahead:
                item = next(left, _END)
                left = None if item is _END else left
                under_way += item is not _END
                tell(given.put_nowait, item)
            result, error = came.get()
            if error is not None:
                raise error
            if result is _END:
                return
            under_way -= 1
            yield result
    finally:
        tell(task.cancel)
        thread.join()


async def _take(given: asyncio.Queue[Any]) -> AsyncIterator[Any]:
    while (item := await given.get()) is not _END:
        yield item
