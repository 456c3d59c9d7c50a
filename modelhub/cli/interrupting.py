"""Runs what takes long in an event loop, with what a person sees of it and what ctrl-C does to it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread
from typing import Any

from modelhub.bulk.rows.row import Row
from modelhub.cli.batches import Meter


def run_job(
    start: Callable[[asyncio.Event], Coroutine[Any, Any, None]], meter: Meter, threads: int, *, finishes: bool = True
) -> bool:
    """Run what ``start`` makes, and show ``meter`` meanwhile; False if it was interrupted.

    ``start`` is given an event that ctrl-C sets: it is then to come to its end by itself. The next ctrl-C, or the first
    unless it ``finishes``, cancels it. ``threads`` is how many there are for models that block.
    """
    return asyncio.run(_run(start, meter, threads, finishes))


async def _run(
    start: Callable[[asyncio.Event], Coroutine[Any, Any, None]], meter: Meter, threads: int, finishes: bool
) -> bool:
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    loop.set_default_executor(ThreadPoolExecutor(threads))
    job = asyncio.create_task(start(stopping))

    def interrupt() -> None:
        if stopping.is_set() or not finishes:
            job.cancel()
        else:
            meter.say("finishing the calls under way; ctrl-C again stops them")
        stopping.set()

    previous = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, lambda number, frame: loop.call_soon_threadsafe(interrupt))
    watching = asyncio.create_task(_watch(meter))
    try:
        with suppress(asyncio.CancelledError):
            await job
    finally:
        signal.signal(signal.SIGINT, previous)
        watching.cancel()
        meter.clear()
    return not stopping.is_set()


async def _watch(meter: Meter) -> None:
    while True:
        await asyncio.sleep(meter.pause)
        meter.show()


async def read_apart(rows: Iterable[Row], stopping: asyncio.Event) -> AsyncIterator[Row]:
    """Rows that are read in a thread, for input that may be long in coming; they end when ``stopping`` is set."""
    loop = asyncio.get_running_loop()
    came: asyncio.Queue[Row | Exception | None] = asyncio.Queue(1)

    def put(each: Row | Exception | None) -> None:
        asyncio.run_coroutine_threadsafe(came.put(each), loop).result()

    def read() -> None:
        with suppress(RuntimeError):  # the loop has ended
            try:
                for row in rows:
                    put(row)
            except Exception as error:
                put(error)
            put(None)

    async def stop() -> None:
        await stopping.wait()
        await came.put(None)

    Thread(target=read, daemon=True).start()
    watching = asyncio.create_task(stop())
    try:
        while (row := await came.get()) is not None:
            if isinstance(row, Exception):
                raise row
            yield row
    finally:
        watching.cancel()
