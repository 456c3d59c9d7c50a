"""Watches the sources of a registry and has them read when they have changed."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelhub.registry.loading import HalfWrittenError, Loader
from modelhub.registry.waiting import PAUSE, Waiter, build_waiter

if TYPE_CHECKING:
    from modelhub.centres.centre import Asking
    from modelhub.centres.centres import Centres

SETTLE = 0.1  # seconds that the sources must lie still before they are read
_MOST_MOVES = 20  # looks after which they are read even if they do not


class Lookout:
    """Looks at the sources whenever it is asked to, and has them read when they have changed and lie still.

    What looks half written is read again after a second; what it is then is taken at its word.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: Any = None  # what the sources looked like when they were not yet still
        self._moves = 0
        self._again: float | None = None  # when to read again what looked half written

    def look(self, loader: Loader) -> float:
        """Look once; the seconds until it is worth to look again."""
        has_changed, now = loader.look()
        if not has_changed:
            self._last, self._moves = None, 0
            if self._again is None:
                return PAUSE
            left = self._again - self._clock()
            return left if left > 0 else self._reload(loader, "again", patient=False)
        if now != self._last and self._moves < _MOST_MOVES:
            self._last = now
            self._moves += 1
            return SETTLE
        return self._reload(loader, "held", patient=True)

    def _reload(self, loader: Loader, asking: Asking, *, patient: bool) -> float:
        self._last, self._moves, self._again = None, 0, None
        try:
            report = loader.reload(asking, patient=patient)
        except HalfWrittenError:
            self._again = self._clock() + PAUSE
        except Exception as error:
            _log("warning", "the changed configs are refused, the old ones stay in use: %s", error)
            error.__traceback__ = None  # it is kept, and would keep all that was read
        else:
            if report.added or report.changed or report.removed:
                _log("info", "the configs have changed: %s", report)
        return PAUSE


class Watcher:
    """A thread that looks at the sources of a registry until it is closed, or the registry is dropped; and one for each
    centre among the sources, as long.

    It knows the registry only while it looks. A forked process goes on without it.
    """

    def __init__(self, loader: Loader, build_waiter: Callable[[threading.Event], Waiter] = build_waiter) -> None:
        self._stop = stop = threading.Event()
        self._pid = pid = os.getpid()

        def end(_: object) -> None:
            if os.getpid() == pid:  # in a forked process, the thread that is not there may hold the event's lock
                stop.set()

        self._centres = loader.centres
        arguments = (weakref.ref(loader, end), stop, build_waiter(stop), self._centres)
        if self._centres is not None:
            self._centres.follow()
        self._thread = threading.Thread(target=_watch, args=arguments, name="modelhub-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it, unless it is the one that asks, or is held up by a callback."""
        if os.getpid() != self._pid:
            return
        self._stop.set()
        if self._centres is not None:
            self._centres.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(10)


def _watch(
    reference: Callable[[], Loader | None], stop: threading.Event, waiter: Waiter, centres: Centres | None
) -> None:
    lookout = Lookout()
    while not stop.is_set():
        loader = reference()
        if loader is None:
            break
        seconds, folders = PAUSE, frozenset[str]()
        try:
            seconds, folders = lookout.look(loader), loader.folders()
        except Exception as error:  # the thread must outlive whatever a file system does
            _log("warning", "the sources of the configs cannot be watched just now: %s", error)
        del loader
        waiter.wait(seconds, folders)
    if centres is not None:
        centres.close()


def _log(level: str, text: str, what: object) -> None:
    import logging

    getattr(logging.getLogger("modelhub"), level)(text, what)
