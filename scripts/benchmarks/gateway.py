"""What the gateway costs: beside the call that it hands on, and beside LiteLLM's proxy, all in turns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.asking import ask
from benchmarks.contestants import MODEL
from benchmarks.fixed_server import EVENTS
from benchmarks.measure import Row
from benchmarks.proxies import MODELS, LiteLLMProxy, ModelhubServe, Proxy

IN_FLIGHT = 32
A_SECOND = 2000
"""The small requests that one core is to answer in a second."""

ADDED = 1000.0
"""The microseconds that a gateway may add to a call."""


class Round(NamedTuple):
    """What one round has told of one server: seconds for each request, or for each event of a stream."""

    p50: float  # of a request that is alone
    p99: float
    wall: float = 0.0  # time that passes for each of many requests
    cpu: float = 0.0
    event: float = 0.0  # CPU
    memory: float = 0.0  # MB


def measure(url: str, folder: Path, core: int | None, python: str | None, quick: bool) -> Iterator[Row]:
    """The rows of ``modelhub serve``, on ``core``, and of LiteLLM's proxy where the ``python`` that has it is named."""
    with ExitStack() as stack:
        proxies: list[Proxy] = [stack.enter_context(ModelhubServe(url, folder, core))]
        if python is not None:
            proxies.append(stack.enter_context(LiteLLMProxy(url, folder, core, python)))
        if core is not None and (others := os.sched_getaffinity(0) - {core}):
            before = os.sched_getaffinity(0)
            os.sched_setaffinity(0, others)
            stack.callback(os.sched_setaffinity, 0, before)
        turns = [partial(_ask_alone, url, 20 if quick else 500)]
        turns += [partial(_ask_much, proxy, quick) for proxy in proxies]
        for turn in turns:
            turn()  # opens connections and brings files into memory
        rounds = []
        for number in range(2 if quick else 7):
            order = [(place + number) % len(turns) for place in range(len(turns))]
            taken = {place: turns[place]() for place in order}
            rounds.append([taken[place] for place in range(len(turns))])
    direct, *through = zip(*rounds, strict=True)
    yield from _compare(proxies, direct, through)


def _ask_alone(url: str, times: int) -> Round:
    seconds = sorted(ask(url, MODEL, times))
    return Round(median(seconds), seconds[int(0.99 * len(seconds))])


def _ask_much(proxy: Proxy, quick: bool) -> Round:
    share = (10 if quick else 1) * (10 if isinstance(proxy, LiteLLMProxy) else 1)
    alone = _ask_alone(proxy.url, max(20, 500 // share))
    cpu, seconds = _spend(proxy, MODELS[0], 4000 // share, stream=False)
    event, _ = _spend(proxy, MODELS[1], max(2, 100 // share), stream=True)
    return alone._replace(cpu=cpu, wall=seconds, event=event / EVENTS, memory=proxy.read_memory())


def _spend(proxy: Proxy, model: str, times: int, *, stream: bool) -> tuple[float, float]:
    """The CPU and the time that each of so many requests takes."""
    before = proxy.take_cpu_time()
    seconds = sum(ask(proxy.url, model, times, IN_FLIGHT, stream=stream)) / IN_FLIGHT
    return (proxy.take_cpu_time() - before) / times, seconds / times


def _compare(proxies: list[Proxy], direct: tuple[Round, ...], through: list[tuple[Round, ...]]) -> Iterator[Row]:
    ours = through[0]
    goal = 1e6 / A_SECOND
    wall = median(one.wall for one in ours) * 1e6
    what = f"gateway, request, {IN_FLIGHT} in flight"
    yield Row(what, f"{A_SECOND:,} a second", goal, wall, "us", wall / goal, 1.0)
    cpu = median(one.cpu for one in ours) * 1e6
    yield Row("gateway, CPU of a request", f"{A_SECOND:,} a second", goal, cpu, "us", cpu / goal, 1.0)
    for which, bound in (("p50", ADDED), ("p99", None)):
        there = median(getattr(one, which) for one in direct) * 1e6
        here = median(getattr(one, which) for one in ours) * 1e6
        added = median(getattr(a, which) - getattr(b, which) for a, b in zip(ours, direct, strict=True)) * 1e6
        yield Row(f"gateway, call alone, {which}", "direct call", there, here, "us", added, bound, "added")
    told = {"wall": what, "cpu": "gateway, CPU of a request", "event": "gateway, CPU of a streamed chunk"}
    told |= {"p50": "gateway, call alone, p50", "p99": "gateway, call alone, p99"}
    for proxy, theirs in zip(proxies[1:], through[1:], strict=True):
        for field, name in told.items():
            mine, other = ([getattr(one, field) * 1e6 for one in rounds] for rounds in (ours, theirs))
            ratio = median(a / b for a, b in zip(mine, other, strict=True))
            yield Row(name, proxy.name, median(other), median(mine), "us", ratio)
        used, less = theirs[-1].memory, ours[-1].memory
        yield Row("gateway, memory", proxy.name, used, less, "MB", less / used)
