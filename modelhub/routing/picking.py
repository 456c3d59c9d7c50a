"""Picks one of the models of a route; threads share what is known, and forked processes go on alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from random import Random, SystemRandom
from typing import Any

from modelhub.engine.forking import forget_in_child
from modelhub.errors import ConfigError
from modelhub.locks import Lock
from modelhub.routing.draws import Turns, draw, draw_for
from modelhub.routing.loads import Load


class Picker:
    """Picks among the models of one route, whose ``weights`` are those above 0.

    ``pick`` is round_robin, random, least_latency or least_busy. ``seed`` makes draws repeatable; ``number`` is that of
    the route, so that two routes do not draw alike.
    """

    def __init__(self, weights: Mapping[str, float], pick: str, seed: int | None = None, number: int = 0) -> None:
        self.weights = {name: weight for name, weight in weights.items() if weight > 0}
        self.pick = pick
        self.seed = seed
        self._chance = SystemRandom() if seed is None else Random(f"{seed}/{number}")
        self._turns = Turns()
        self._lock = Lock()
        self.loads = {name: Load() for name in self.weights}
        forget_in_child(self)

    def forget_holders(self) -> None:
        """In a forked process, forget the calls of threads that only its parent has."""
        self.loads = {name: Load() for name in self.weights}

    def choose(self, names: Sequence[str], now: float, call: object, sticky: Any = None) -> str:
        """One of ``names``, which is busy with ``call`` from then on; the same one each time for a value of ``sticky``.

        Nothing is sticky if it is None.
        """
        with self._lock:
            chosen = self._choose({name: self.weights[name] for name in names}, now, sticky)
            self.loads[chosen].calls.add(call)
        return chosen

    def _choose(self, weights: Mapping[str, float], now: float, sticky: Any) -> str:
        if sticky is not None:
            return draw_for(sticky, weights, self.seed)
        if len(weights) == 1:
            return next(iter(weights))
        match self.pick:
            case "random":
                return draw(weights, self._chance)
            case "least_latency":
                return min(weights, key=lambda name: self._rank_latency(name, now))
            case "least_busy":
                busy = {name: len(self.loads[name].calls) / weight for name, weight in weights.items()}
                least = min(busy.values())
                return self._turns.take({name: weights[name] for name in weights if busy[name] == least})
        return self._turns.take(weights)

    def _rank_latency(self, name: str, now: float) -> tuple[float, int]:
        """What is unknown comes first, and among those what is asked the least at the moment."""
        load = self.loads[name]
        average = load.latencies.average(now)
        return (-1.0, len(load.calls)) if average is None else (average, 0)

    def note(self, load: Load, now: float, seconds: float) -> None:
        """At ``now``, an answer began after so many seconds."""
        with self._lock:
            load.latencies.note(now, seconds)


def read_weights(to: Any, where: str) -> dict[str, float]:
    """The models of a route with their weights, from a name, a list of names, or a mapping of names to weights.

    Raises ConfigError, which says ``where``, if there is none whose weight is above 0.
    """
    if isinstance(to, str):
        return {to: 1.0}
    weights = {name: float(weight) for name, weight in to.items()} if isinstance(to, Mapping) else {}
    if isinstance(to, Sequence):
        weights = dict.fromkeys(to, 1.0)
    if not any(weight > 0 for weight in weights.values()) or any(not 0 <= w < inf for w in weights.values()):
        raise ConfigError(f"{where} leads nowhere: `to` needs a model whose weight is above 0, and none below 0")
    return weights
