"""Ends what takes longer than a call may take in all, from one thread for all calls of a pool."""

from __future__ import annotations

import heapq
import threading
from contextvars import ContextVar
from itertools import count
from time import monotonic
from typing import Any, Final

_AGAIN: Final = 0.05  # seconds
_IDLE = 5.0  # seconds without a watch, after which the thread ends
_PATIENCE: Final = 1.0  # seconds
_MOST_ENDED: Final = 1000  # watches that are over and still stand in the heap


class Watch:
    """The time that one request has: until when, and over which connection it goes, None while there is none yet."""

    __slots__ = ("at", "connection", "ended")

    def __init__(self, at: float) -> None:
        self.at = at
        self.connection: Any = None
        self.ended = False

    @property
    def left(self) -> float:
        """Seconds that are left, not less than a moment."""
        return max(self.at - monotonic(), 0.001)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return monotonic() >= self.at


CURRENT: ContextVar[Watch | None] = ContextVar("modelhub.watch", default=None)
"""The watch of the request that this thread is just sending."""


class Watches:
    """Shuts the connection of each watch whose time is up before it ends; the thread runs while there are some."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Watch]] = []
        self._numbers = count()
        self._ended = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    def begin(self, seconds: float) -> Watch:
        """Watch a request that has so many seconds, until ``end``."""
        watch = Watch(monotonic() + seconds)
        with self._changed:
            is_first = not self._heap or watch.at < self._heap[0][0]
            heapq.heappush(self._heap, (watch.at, next(self._numbers), watch))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="modelhub-deadlines", daemon=True)
                self._thread.start()
            elif is_first or self._ended + 1 == len(self._heap):
                self._changed.notify()
        return watch

    def end(self, watch: Watch) -> None:
        """Watch it no more: its connection is not touched from now on."""
        with self._changed:
            if watch.ended:
                return
            watch.ended, watch.connection = True, None
            self._ended += 1
            if self._ended > _MOST_ENDED and self._ended * 2 > len(self._heap):
                self._heap = [entry for entry in self._heap if not entry[2].ended]
                heapq.heapify(self._heap)
                self._ended = 0

    def close(self) -> None:
        """End the thread, and wait for its end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_PATIENCE)

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                now = monotonic()
                while self._heap and self._heap[0][0] <= now:
                    watch = heapq.heappop(self._heap)[2]
                    if watch.ended:
                        self._ended -= 1
                        continue
                    if watch.connection is not None:
                        watch.connection.shut()
                    # It may not be connected yet, or not know.
                    heapq.heappush(self._heap, (now + _AGAIN, next(self._numbers), watch))
                if self._ended == len(self._heap):  # nobody is watched
                    if not self._changed.wait(_IDLE) and self._ended == len(self._heap):
                        self._heap, self._ended, self._thread = [], 0, None
                        return
                else:
                    self._changed.wait(self._heap[0][0] - now)
