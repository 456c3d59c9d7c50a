"""What a process has, and whether that grows."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import NamedTuple

WARM_UP = 0.25
"""The share of the time that does not count: pools fill, caches fill, code is imported."""

ALLOWED = {"megabytes": 0.02, "blocks": 0.02, "descriptors": 0.1, "threads": 0.1, "tasks": 0.1}
"""By which share each may have grown from the warm-up to the end, on the line through all samples; and beside that,"""

SLACK = {"megabytes": 1.0, "blocks": 2000, "descriptors": 4, "threads": 1, "tasks": 4}
"""by how much in any case: calls under way are at different points each time."""


LONG = 60.0
"""The seconds from which on memory is judged: before, caches and pools are still filling."""


class Sample(NamedTuple):
    """What the process has after so many seconds."""

    seconds: float
    calls: int
    megabytes: float
    blocks: int
    descriptors: int
    threads: int
    tasks: int

    def describe(self) -> str:
        """One line."""
        return (
            f"{self.seconds:6.1f} s  {self.calls:9,} calls  {self.megabytes:6.1f} MB  {self.blocks:9,} blocks  "
            f"{self.descriptors:4} descriptors  {self.threads:3} threads  {self.tasks:3} tasks"
        )


def take_sample(seconds: float, calls: int, loop: asyncio.AbstractEventLoop) -> Sample:
    """What this process has now; the tasks are those of ``loop``."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return Sample(
        seconds,
        calls,
        pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        sys.getallocatedblocks(),
        sum(1 for _ in Path("/proc/self/fd").iterdir()),
        threading.active_count(),
        len(asyncio.all_tasks(loop)),
    )


def find_growth(samples: list[Sample]) -> list[str]:
    """A sentence for each thing that grows after the warm-up."""
    counted = [sample for sample in samples if sample.seconds >= samples[-1].seconds * WARM_UP]
    seconds = counted[-1].seconds - counted[0].seconds
    told = []
    for name, share in ALLOWED.items():
        if name in ("megabytes", "blocks") and samples[-1].seconds < LONG:
            continue
        values = [(sample.seconds, getattr(sample, name)) for sample in counted]
        level = median(value for _, value in values)
        growth = find_slope(values) * seconds
        if growth > level * share + SLACK[name]:
            told.append(f"{name} grow: {growth:+.1f} in {seconds:.0f} s, at {level:,.1f}")
    return told


def find_slope(values: list[tuple[float, float]]) -> float:
    """The median slope between any two points, which a few odd ones do not change."""
    return median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(values, 2))


def find_left(before: Sample, after: Sample) -> list[str]:
    """A sentence for each thing that is left when all have ended."""
    names = ("descriptors", "threads", "tasks")
    left = {name: getattr(after, name) - getattr(before, name) for name in names}
    return [f"{number} {name} are left" for name, number in left.items() if number > 0]
