"""Runs a server and callers, and judges."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from modelhub import ModelRegistry

from .calling import PLACES, Asking, sum_up
from .judging import Tally, find_problems

OUTAGE = Path(__file__).parents[1] / "outage.yaml"
CALLING = {
    "retry": {"max_attempts": 3, "initial": 0.01, "max": 0.1},
    "limits": {"group": "all", "concurrency": 48, "max_wait": 30},
    "circuit_breaker": {"failures": 20, "window": 5, "cooldown": 0.2},
    "cache": {"store": "memory", "max_entries": 1000},
    "api_key": "any",
}
SETTLING = 10.0  # seconds in which the server must have noticed that all have left


@dataclass
class Report:
    """What came of a run; ``problems`` is empty if nothing was wrong."""

    seen: Tally
    served: dict[str, Any]
    problems: list[str]
    left: dict[str, int]


@contextmanager
def serve(scenario: Path) -> Iterator[str]:
    """The URL of a mock server in a process of its own."""
    command = [sys.executable, "-m", "modelhub", "mock", "--quiet", "--port", "0", "--scenario", str(scenario)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=scenario.parent) as process:
        assert process.stdout is not None
        try:
            yield next(word for word in process.stdout.readline().split() if word.startswith("http://"))
        finally:
            process.terminate()


def build_configs(url: str, timeout: float) -> list[dict[str, Any]]:
    """A model of each type, on the server at ``url``."""

    def fill(value: Any) -> Any:
        return {key: fill(item) for key, item in value.items()} if isinstance(value, dict) else value.format(url=url)

    return [
        {
            "config_name": kind,
            "model_type": kind,
            "model_name": kind,
            **fill(place),
            **CALLING,
            "timeout": {"first_token": timeout, "idle": timeout, "total": 30},
        }
        for kind, place in PLACES.items()
    ]


def count_left() -> dict[str, int]:
    """The files and sockets, threads and tasks of this process."""
    gc.collect()
    files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    return {"descriptors": files, "threads": threading.active_count()}


def call_in_threads(configs: list[dict[str, Any]], in_flight: int, seconds: float, least: int) -> Tally:
    """Call from so many threads for so many seconds, and at least so often from each."""
    with ModelRegistry(configs) as hub:
        callers = [Asking(hub, number) for number in range(in_flight)]
        end = time.monotonic() + seconds

        def work(caller: Asking) -> None:
            while caller.made < least or time.monotonic() < end:
                caller.ask()

        threads = [threading.Thread(target=work, args=(caller,)) for caller in callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return sum_up(callers)


async def call_in_tasks(configs: list[dict[str, Any]], in_flight: int, seconds: float, least: int) -> Tally:
    """The same from so many tasks of this loop."""
    async with ModelRegistry(configs) as hub:
        callers = [Asking(hub, number) for number in range(in_flight)]
        end = time.monotonic() + seconds

        async def work(caller: Asking) -> None:
            while caller.made < least or time.monotonic() < end:
                await caller.ask_awaited()

        await asyncio.gather(*map(work, callers))
    others = asyncio.all_tasks() - {asyncio.current_task()}
    tally = sum_up(callers)
    tally.wrong += [f"a task is left: {task}" for task in others]
    return tally


def fetch_counts(url: str) -> dict[str, Any]:
    """What the server has counted, as soon as nobody is under way any more."""
    end = time.monotonic() + SETTLING
    while True:
        counts: dict[str, Any] = requests.get(f"{url}/mock/counts", timeout=10).json()
        if not counts["in_flight"] or time.monotonic() > end:
            return counts
        time.sleep(0.02)


def run(
    in_flight: int,
    seconds: float,
    *,
    least: int = 0,
    tasks: bool = False,
    scenario: Path = OUTAGE,
    timeout: float = 2.0,
) -> Report:
    """Call for so many seconds, and at least so often from each thread or task, and judge."""
    with serve(scenario) as url:
        fetch_counts(url)  # what the first use of a library leaves open is no leak
        configs = build_configs(url, timeout)
        before = count_left()
        if tasks:
            seen = asyncio.run(call_in_tasks(configs, in_flight, seconds, least))
        else:
            seen = call_in_threads(configs, in_flight, seconds, least)
        left = {name: number - before[name] for name, number in count_left().items()}
        served = fetch_counts(url)
    return Report(seen, served, find_problems(seen, served, left, in_flight), left)
