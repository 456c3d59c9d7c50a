"""The observers of one registry: given as callables or by name, each name made once, and all closed with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import finalize

if TYPE_CHECKING:
    from modelhub.telemetry.observers import Observer

VARIABLE = "MODELHUB_OBSERVERS"


class Observing:
    """Has the observers of a registry; ``told`` is the list of those that are told its events.

    They are closed once: when the registry is, when nobody has it any more, or at the end of the program.
    """

    def __init__(self) -> None:
        self.told: list[Observer] = []
        self._named: dict[str, Observer] = {}
        self.close = finalize(self, _close_all, self.told)

    @property
    def given(self) -> tuple[Observer | str, ...]:
        """What another registry must be given to have the same: names where there are some."""
        names = {id(observer): name for name, observer in self._named.items()}
        return tuple(names.get(id(observer), observer) for observer in self.told)

    def add(self, observer: Any) -> None:
        """Tell one more, a callable or a name; a name that is there already is not made again."""
        if isinstance(observer, str):
            self._enable(observer.strip())
        elif callable(observer):
            self.told.append(observer)
        else:
            raise TypeError(f"an observer is a name, or a function that takes an event, not {observer!r}")

    def add_all(self, observers: Iterable[Any]) -> None:
        """Tell ``observers``, and those that $MODELHUB_OBSERVERS names; if one cannot be made, none of them is told."""
        try:
            if isinstance(observers, str):
                raise TypeError(f"observers is a list: write observers=[{observers!r}]")
            for observer in observers:
                self.add(observer)
            if names := os.environ.get(VARIABLE):
                for name in filter(None, map(str.strip, names.split(","))):
                    self._enable(name, f" in ${VARIABLE}")
        except BaseException:
            self.close()
            raise

    def _enable(self, name: str, where: str = "") -> None:
        if name not in self._named:
            from modelhub.registry.observers import build_observer  # most programs name none

            self._named[name] = observer = build_observer(name, where)
            self.told.append(observer)


def _close_all(observers: Sequence[Observer]) -> None:
    """Close those that can be closed; one that fails at it keeps none of the others open."""
    for observer in observers:
        close = getattr(observer, "close", None)
        if callable(close):
            with suppress(Exception):
                close()
