"""Tells whoever wants to know what a reload came to: callbacks, plugins and observers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modelhub.errors import ConfigError
from modelhub.plugins.callers import are_there_hooks, tell
from modelhub.registry.report import ReloadReport

if TYPE_CHECKING:
    from modelhub.telemetry.observers import Observer

Callback = Callable[[ReloadReport | ConfigError], object]


def tell_reload(
    told: ReloadReport | ConfigError, generation: int, callbacks: Sequence[Callback], observers: Sequence[Observer]
) -> None:
    """Tell ``told``, a report or why the reload was refused; ``generation`` is the one in use. What fails is logged."""
    for callback in tuple(callbacks):
        try:
            callback(told)
        except Exception as error:
            import logging  # only programs with a callback that fails need it

            what = "the reload callback %r failed: %s: %s"
            logging.getLogger("modelhub").warning(what, callback, type(error).__name__, error, exc_info=error)
    tell("on_reload", report=told)
    if observers or are_there_hooks():
        _tell_event(told, generation, observers)


def _tell_event(told: ReloadReport | ConfigError, generation: int, observers: Sequence[Observer]) -> None:
    from modelhub.events import Reloaded  # only programs that watch need it
    from modelhub.telemetry.handing import hand

    if isinstance(told, ConfigError):
        event = Reloaded("", "", time.monotonic(), generation, error=str(told))
    else:
        event = Reloaded("", "", time.monotonic(), told.generation, told.added, told.changed, told.removed)
    for observer in tuple(observers):
        hand(observer, event)
    tell("observe", event=event)
