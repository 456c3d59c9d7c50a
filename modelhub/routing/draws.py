"""Draws by weight: by chance, by turns, and by a value for which the outcome stays the same in every process."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from hashlib import blake2b
from random import Random
from typing import Any


def draw(weights: Mapping[str, float], chance: Random) -> str:
    """One of the names, by chance; one whose weight is 0 is never drawn."""
    total = sum(weights.values())
    point = chance.random() * total
    last = ""
    for name, weight in weights.items():
        if weight > 0:
            last = name
            point -= weight
            if point < 0:
                break
    return last


def draw_for(value: Any, weights: Mapping[str, float], seed: Any = None) -> str:
    """The name that belongs to ``value``: the same in every process, as often as its weight says over all values.

    Each name gets a number from the value, and the least wins. So when a name goes, only its own values move.
    """
    try:
        key = json.dumps([seed, value], sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):  # keys of many kinds, circles
        key = json.dumps([seed, str(value)])
    return min(
        (name for name, weight in weights.items() if weight > 0), key=lambda name: _wait(key, name) / weights[name]
    )


def _wait(key: str, name: str) -> float:
    """How long the name would wait for its first event, of one a second: the least of such waits is a fair draw."""
    digest = blake2b(f"{name}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return -math.log((int.from_bytes(digest, "big") + 0.5) / 2**64)


class Turns:
    """Names by turns, each as often as its weight says and as evenly spread as can be."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def take(self, weights: Mapping[str, float]) -> str:
        """The name whose turn it is among ``weights``, of which at least one is more than 0."""
        due = self._due
        for name, weight in weights.items():
            due[name] = due.get(name, 0.0) + weight
        chosen = max((name for name, weight in weights.items() if weight > 0), key=due.__getitem__)
        due[chosen] -= sum(weights.values())
        return chosen
