"""One contestant in a process of its own, which works when told to and answers with the CPU time that it took.

    run_contestant.py NAME URL

Each line of stdin is JSON, ``[what, times, in_flight]``, and is answered by a line with the seconds of CPU, user and
system and all threads together. At the end of stdin it ends.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # also where PYTHONSAFEPATH is set


def main(name: str, url: str) -> None:
    """Serve stdin."""
    module = importlib.import_module(f"contestants.{name}")
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    with asyncio.Runner() as runner:
        blocking = module.open_blocking(url) if hasattr(module, "open_blocking") else {}
        awaited = runner.run(module.open_async(url)) if hasattr(module, "open_async") else {}
        for line in sys.stdin:
            what, times, in_flight = json.loads(line)
            gc.collect()
            start = time.process_time()
            if what in blocking:
                repeat(blocking[what], times)
            else:
                runner.run(repeat_awaited(awaited[what], times, in_flight))
            print(time.process_time() - start, file=answers, flush=True)
        if "close" in awaited:
            runner.run(awaited["close"]())


def repeat(call: Callable[[], object], times: int) -> None:
    """Make ``times`` calls, one after the other."""
    for _ in range(times):
        call()


async def repeat_awaited(call: Callable[[], Awaitable[object]], times: int, in_flight: int) -> None:
    """Make ``times`` calls, ``in_flight`` at a time."""
    left = iter(range(times))
    await asyncio.gather(*(_work(call, left) for _ in range(in_flight)))


async def _work(call: Callable[[], Awaitable[Any]], left: Iterator[int]) -> None:
    for _ in left:
        await call()


if __name__ == "__main__":
    main(*sys.argv[1:])
