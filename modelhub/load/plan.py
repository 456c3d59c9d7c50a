"""What a level of a load test is, and when its calls are to start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

Mode = Literal["closed", "open"]
LOADS: dict[str, str] = {"closed": "concurrency", "open": "rate"}
"""What the size of a level is, by its mode."""
UNITS = {"closed": "at a time", "open": "a second"}
"""How many calls that are."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level of load on the model called ``name``.

    In a *closed* loop, ``size`` callers each wait for an answer before they ask again. In an *open* loop, ``size``
    calls a second arrive at random times, whatever the answers do. No call starts after so many ``requests`` or
    ``seconds``; those that are then under way have ``grace`` seconds more.
    """

    name: str
    mode: Mode
    size: float
    requests: int
    seconds: float
    grace: float = 30.0
    seed: int = 0


def draw_arrivals(rate: float, seed: int) -> Iterator[float]:
    """The seconds at which calls arrive without end, ``rate`` of them a second: a Poisson process."""
    draw = Random(seed).expovariate
    due = 0.0
    while True:
        due += draw(rate)
        yield due
