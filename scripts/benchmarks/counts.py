"""How many instructions of modelhub's functions a call takes: a count that is the same on every machine.

Each minor version of Python has instructions of its own, hence a table of its own, ``tests/scripts/counts/3.11.json``;
what other libraries do is not counted, so that a new version of one changes nothing.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.contestants import KEY, MESSAGES
from benchmarks.fixed_server import FixedServer
from modelhub import ModelRegistry

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "scripts" / "counts"
ALLOWED = 1.05
"""What a count may grow to, as a ratio."""

FEW, MANY = 20, 40
"""The events of two streams, whose difference is what a chunk takes."""

REPEATS = 5
Counts = dict[str, dict[str, float]]
"""What is done, and how many instructions of each function it takes."""


def report(record: bool) -> int:
    """Count, and print what has grown since the last record or make a new one; 1 when something has grown too much."""
    counts = count()
    table = FOLDER / f"{sys.version_info.major}.{sys.version_info.minor}.json"
    if record:
        table.parent.mkdir(exist_ok=True)
        table.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n", "utf-8")
        print(f"written: {table}")
    elif not table.exists():
        print(f"nothing is recorded for this Python, {table.name} is missing: scripts/bench --count --record")
    recorded = json.loads(table.read_text("utf-8")) if table.exists() else {}
    for what, functions in counts.items():
        print(f"{what:<22}{sum(functions.values()):>10,.0f} instructions")
    grown = find_growth(recorded, counts)
    print("\n".join(grown) or "nothing has grown by more than 5 %")
    return 1 if grown else 0


def find_growth(recorded: Counts, counted: Counts) -> list[str]:
    """A paragraph for each thing that takes more than it may, with the functions that have grown, most first."""
    told = []
    for what, before in recorded.items():
        now = counted[what]
        old, total = sum(before.values()), sum(now.values())
        if total > old * ALLOWED:
            more = {name: number - before.get(name, 0) for name, number in now.items()}
            lines = [
                f"    {name}: {before.get(name, 0):g} -> {now[name]:g}"
                for name in sorted(more, key=lambda name: -more[name])
                if more[name] > 0
            ]
            head = f"{what}: {old:,.0f} instructions have become {total:,.0f} (+{total / old - 1:.1%})"
            told.append("\n".join([head, *lines[:10]]))
    return told


def count() -> Counts:
    """The instructions of a call, a chunk and embeddings, by function."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith("MODELHUB_")]:
        del os.environ[name]  # what it says would be followed
    with FixedServer(None) as url, asyncio.Runner() as runner:
        common = {"model_type": "openai_chat", "api_key": KEY, "client_args": {"base_url": url}}
        names = ("chat", f"events-{FEW}", f"events-{MANY}", "vectors-4x8")
        configs = [{**common, "config_name": name, "model_name": name} for name in names]
        configs[-1]["model_type"] = "openai_embedding"
        hub = ModelRegistry(configs)
        chat, few, many, vectors = map(hub.get_model, names)

        def read(model: Any) -> None:
            for delta in model(MESSAGES, stream=True):
                _ = delta.text

        async def acall() -> None:
            _ = (await chat.acall(MESSAGES)).text

        async def aread(model: Any) -> None:
            async for delta in await model.acall(MESSAGES, stream=True):
                _ = delta.text

        def awaited(call: Callable[[], Awaitable[None]]) -> Counter[str]:
            return runner.run(_count_awaited(call))

        counts: Counts = {
            "call": _count(lambda: chat(MESSAGES).text),
            "streamed chunk": _divide(_count(lambda: read(few)), _count(lambda: read(many))),
            "async call": awaited(acall),
            "async streamed chunk": _divide(awaited(lambda: aread(few)), awaited(lambda: aread(many))),
            "embedding": _count(lambda: vectors(["a", "b", "c", "d"]).embedding),
        }
        runner.run(hub.aclose())
    return counts


def _count(call: Callable[[], object]) -> Counter[str]:
    """The smallest of several counts, for a reply may come in pieces."""
    counts = []
    for _ in range(REPEATS + 2):
        with _traced() as counted:
            call()
        counts.append(counted)
    return min(counts[2:], key=Counter.total)  # the first ones open connections, and begin to be traced


async def _count_awaited(call: Callable[[], Awaitable[object]]) -> Counter[str]:
    counts = []
    for _ in range(REPEATS + 2):
        with _traced() as counted:
            await call()
        counts.append(counted)
        await asyncio.sleep(0)  # what is left to do afterwards
    return min(counts[2:], key=Counter.total)


def _divide(few: Mapping[str, int], many: Mapping[str, int]) -> dict[str, float]:
    """What each of the events takes that ``many`` has more."""
    differences = {name: (number - few.get(name, 0)) / (MANY - FEW) for name, number in many.items()}
    return {name: number for name, number in differences.items() if number}


@contextmanager
def _traced() -> Iterator[Counter[str]]:
    """Count the instructions of modelhub that this thread carries out meanwhile."""
    counted: Counter[str] = Counter()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        module = frame.f_globals.get("__name__", "")
        if module != "modelhub" and not module.startswith("modelhub."):
            return None
        name = f"{module}:{frame.f_code.co_qualname}"
        frame.f_trace_lines, frame.f_trace_opcodes = False, True

        def count(frame: FrameType, event: str, argument: object) -> Any:
            if event == "opcode":
                counted[name] += 1
            return count

        return count

    gc.collect()
    gc.disable()
    sys.settrace(trace)
    try:
        yield counted
    finally:
        sys.settrace(None)
        gc.enable()
