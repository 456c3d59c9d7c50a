"""What surrounds the import of a plugin: nothing, unless the program has something to protect from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Surroundings = Callable[[], AbstractContextManager[object]]

_now: list[Surroundings] = [nullcontext]


def surround() -> AbstractContextManager[object]:
    """What to import a plugin in."""
    return _now[-1]()


@contextmanager
def surrounded(surroundings: Surroundings) -> Iterator[None]:
    """Import plugins in these surroundings meanwhile."""
    _now.append(surroundings)
    try:
        yield
    finally:
        _now.remove(surroundings)
