"""What a reload has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """What a reload has changed: config_names, in the order of their sources, and the ``generation`` in use now.

    A config is ``changed`` if another value of it is in effect, wherever that comes from: its own lines, defaults, what
    it extends, or an overlay.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    generation: int


def is_same(one: Any, other: Any) -> bool:
    """Whether two values of configs mean the same: in Python, 1, 1.0 and true are equal, and no NaN is."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(item, other[key]) for key, item in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other or (one != one and other != other))
