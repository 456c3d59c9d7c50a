"""Deterministic embeddings: unit vectors; the more words two texts share, the closer are their vectors."""

from __future__ import annotations

import math
import random
from functools import lru_cache
from struct import pack, unpack

DIMENSIONS = 8


def build_vector(seed: int, model: str, text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Embed a text; the numbers fit into 32 bits exactly, so that they are the same in every encoding."""
    sums = [0.25 * x for x in _draw(f"{seed}\0{model}\0\0{text}", dimensions)]
    for word in text.lower().split():
        sums = [a + b for a, b in zip(sums, _draw(f"{seed}\0{model}\0{word}", dimensions), strict=True)]
    length = math.sqrt(sum(x * x for x in sums)) or 1.0
    return list(unpack(f"<{dimensions}f", pack(f"<{dimensions}f", *(x / length for x in sums))))


@lru_cache(maxsize=4096)
def _draw(key: str, dimensions: int) -> tuple[float, ...]:
    dice = random.Random(key.encode("utf-8", "replace"))
    return tuple(dice.gauss(0, 1) for _ in range(dimensions))
