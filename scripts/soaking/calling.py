"""Callers in threads and in tasks, each making one call after the other."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelhub import ModelRegistry
from soaking.steps import Log, Step

MODELS = Path(__file__).with_name("models.yaml")
GRACE = 60.0
"""Seconds in which the last calls must have ended."""

HURRY = 0.02
"""Seconds after which a task gives up a call, if it is one of those in a hurry."""


@contextmanager
def calling(in_flight: int, log: Log, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let half of so many callers call from threads, and half from tasks of ``loop``, until the block is left."""
    with ModelRegistry(MODELS) as hub:
        half = in_flight // 2
        threads = [threading.Thread(target=_call, args=(hub, caller, log), daemon=True) for caller in range(half)]
        threads.append(threading.Thread(target=_run_tasks, args=(range(half, in_flight), log, loop), daemon=True))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            log.stopped.set()
            end = time.monotonic() + GRACE
            for thread in threads:
                thread.join(max(0, end - time.monotonic()))
            log.wrong += [f"a call does not end:\n{_describe(thread)}" for thread in threads if thread.is_alive()]


def _describe(thread: threading.Thread) -> str:
    """Where it is: the first calls and the last ones."""
    frame = sys._current_frames().get(thread.ident or 0)
    lines = traceback.format_stack(frame) if frame else []
    return "".join(lines if len(lines) < 20 else [*lines[:12], "  ...\n", *lines[-8:]])


def _call(hub: ModelRegistry, caller: int, log: Log) -> None:
    for step in log.steps(caller):
        with log.noting(step):
            _make(hub, step)


def _make(hub: ModelRegistry, step: Step) -> None:
    response = hub.get_model(step.name)(step.text, stream=step.streams)
    if step.streams:
        for place, _ in enumerate(response):
            if step.leaves_at(place):
                break
        if step.manner == "closed early":
            response.close()


def _run_tasks(callers: range, log: Log, loop: asyncio.AbstractEventLoop) -> None:
    async def run() -> None:
        async with ModelRegistry(MODELS) as hub:
            await asyncio.gather(*(_call_awaited(hub, caller, log) for caller in callers))

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run())


async def _call_awaited(hub: ModelRegistry, caller: int, log: Log) -> None:
    for number, step in enumerate(log.steps(caller)):
        with log.noting(step):
            async with asyncio.timeout(HURRY if number % 11 == 0 else None):
                await _make_awaited(hub, step)


async def _make_awaited(hub: ModelRegistry, step: Step) -> None:
    response = await hub.get_model(step.name).acall(step.text, stream=step.streams)
    if step.streams:
        place = 0
        async for _ in response:
            if step.leaves_at(place):
                break
            place += 1
        if step.manner == "closed early":
            response.close()
