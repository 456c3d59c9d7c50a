"""Waits until it is time to look at the sources again; where watchfiles is installed, the operating system says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from modelhub.overriding import override

PAUSE = 1.0  # seconds between two looks while nothing happens


class Waiter(Protocol):
    """A way to wait."""

    def wait(self, seconds: float, folders: frozenset[str]) -> None:
        """Wait ``seconds``, or less if something happens in the ``folders``, or the watch ends."""
        ...


class Poller(Waiter):
    """Waits by the clock alone."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    @override
    def wait(self, seconds: float, folders: frozenset[str]) -> None:
        """Wait ``seconds``, or until the watch ends."""
        self._stop.wait(seconds)


class Listener(Waiter):
    """Waits for the operating system to tell of changes, and as ``Poller`` where it does not."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._folders: frozenset[str] = frozenset()
        self._events: Iterator[Any] | None = None

    @override
    def wait(self, seconds: float, folders: frozenset[str]) -> None:
        """Wait ``seconds``, or until something happens in the folders, or the watch ends."""
        if seconds < PAUSE or not folders:  # it is known when to look again, or nothing is on a disk
            self._stop.wait(seconds)
            return
        try:
            if self._events is None or folders != self._folders:
                self._folders, self._events = folders, self._listen(folders)
            next(self._events, None)
        except Exception as error:  # a folder has gone, or there are too many watches in use
            self._events = None
            _log(error)
            self._stop.wait(seconds)

    def _listen(self, folders: frozenset[str]) -> Iterator[Any]:
        events: Iterator[Any] = import_module("watchfiles").watch(
            *sorted(folder for folder in folders if Path(folder).is_dir()),
            watch_filter=None,
            debounce=100,
            stop_event=self._stop,
            rust_timeout=int(PAUSE * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        )
        return events


def build_waiter(stop: threading.Event) -> Waiter:
    """The best way to wait that this installation has."""
    return Listener(stop) if find_spec("watchfiles") else Poller(stop)


def _log(error: Exception) -> None:
    import logging

    text = "the operating system does not tell of changes, the files are looked at each second: %s"
    logging.getLogger("modelhub").debug(text, error)
