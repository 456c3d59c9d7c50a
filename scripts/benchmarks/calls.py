"""What calls cost: whole and streamed, blocking and async, beside the same by others and by hand."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from benchmarks.contestant import Contestant
from benchmarks.contestants import TEXTS
from benchmarks.fixed_server import EVENTS
from benchmarks.measure import Cost, Rival, Row, compare

LAYERS = ("timeout", "limits", "limits of tokens", "circuit_breaker", "cache, kept")
FLOORS = ("urllib3_alone", "http_client")


class Race(NamedTuple):
    """What all do in turns: its name here and in ``contestants``, how often in a round, beside whom, and the goals."""

    what: str
    task: str
    times: int
    rivals: tuple[str, ...]
    goals: dict[str, float]
    units: int = 1  # what one time is worth
    in_flight: int = 1
    peers: bool = True  # whether the peers run, too
    instead: dict[str, str] = {}  # noqa: RUF012  # whose task is another one


RACES = (
    Race("call", "call", 150, ("requests", *FLOORS), {"requests": 0.33}),
    Race("streamed chunk", "stream", 4, ("requests", *FLOORS), {"requests": 0.75}, EVENTS),
    Race("streamed chunk, paced", "paced", 1, ("requests", *FLOORS), {"requests": 0.95}, EVENTS),
    Race(
        "async call, 64 in flight",
        "acall",
        640,
        ("aiohttp", "aiohttp_alone"),
        {"aiohttp": 0.88},
        in_flight=64,
    ),
    Race("async streamed chunk", "astream", 4, ("aiohttp", "aiohttp_alone"), {"aiohttp": 0.58}, EVENTS),
    Race("async streamed chunk, paced", "apaced", 1, ("aiohttp", "aiohttp_alone"), {"aiohttp": 0.95}, EVENTS),
    Race(
        f"{len(TEXTS)} embeddings as numbers",
        "numbers",
        4,
        ("requests", *FLOORS),
        {"requests": 0.15},
        peers=False,
    ),
    Race(
        f"{len(TEXTS)} embeddings as base64",
        "base64",
        4,
        ("requests", *FLOORS),
        {"requests": 0.125},
        peers=False,
        instead={"requests": "numbers"},
    ),
)


def measure(url: str, peers: dict[str, str], quick: bool) -> Iterator[Row]:
    """The rows about calls to the server at ``url``; ``peers`` are run by the Python that is named with each."""
    with ExitStack() as stack:
        names = {"modelhub", *(rival for race in RACES for rival in race.rivals)}
        pythons = {**dict.fromkeys(sorted(names), sys.executable), **peers}
        processes = {name: stack.enter_context(Contestant(name, url, python)) for name, python in pythons.items()}
        for race in RACES:
            rivals = [*race.rivals, *(peers if race.peers else ())]
            yield from _run(race, processes["modelhub"], [processes[name] for name in rivals], peers, quick)
        yield from _measure_layers(processes["modelhub"], quick)


def _run(race: Race, ours: Contestant, rivals: list[Contestant], peers: Container[str], quick: bool) -> Iterator[Row]:
    def cost(contestant: Contestant) -> Cost:
        task = race.instead.get(contestant.name, race.task)
        share = (40 if quick else 1) * (4 if contestant.name in peers else 1)  # those take much longer
        times = max(race.in_flight, race.times // share)
        return lambda: contestant.take_cpu_time(task, times, race.in_flight) / race.units

    yield from compare(
        race.what,
        cost(ours),
        [Rival(rival.label, cost(rival), race.goals.get(rival.name)) for rival in rivals],
        rounds=1 if quick else 15,
        unit="us",
    )


def _measure_layers(ours: Contestant, quick: bool) -> Iterator[Row]:
    """A call of a model that has a layer, beside a call of one that has none."""
    times = 20 if quick else 150
    for layer in LAYERS:
        yield from compare(
            f"call with {layer}",
            partial(ours.take_cpu_time, f"call with {layer}", times),
            [Rival("modelhub without", partial(ours.take_cpu_time, "call", times), 0.5 if "kept" in layer else 1.1)],
            rounds=1 if quick else 11,
            unit="us",
        )
