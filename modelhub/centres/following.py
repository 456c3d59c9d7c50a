"""Follows a centre in a thread: waits for its news, or asks it again and again, and leaves it alone while it fails."""

from __future__ import annotations

import os
import threading
import time

from modelhub.centres.answers import NoText, OutOfReach, Refused
from modelhub.centres.centre import Centre
from modelhub.centres.connection import Connection
from modelhub.centres.opening import open_connection
from modelhub.centres.pause import Backoff
from modelhub.errors import ConfigError

LOGGER = "modelhub.centres"
LEAST = 0.2  # seconds between two questions, however fast the news come
REFUSED = 5.0  # seconds after which a centre that refuses is asked again
PATIENCE = 5.0  # seconds of a wait for news, after which its end is no failure


class Follower:
    """A thread that keeps what is known of one centre up to date, until it is closed; a forked process has none."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._pid = os.getpid()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._backoff = Backoff()
        self._is_out = False  # whether an outage has been logged
        self._thread = threading.Thread(target=self._follow, name="modelhub-centre", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Have the thread end, which waits for nothing any more; it needs a moment."""
        if os.getpid() != self._pid:
            return
        self._stop.set()
        with self._lock:
            connection = self._connection
        if connection is not None:
            connection.close()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended; one that is just connecting to a dead host may need a little longer."""
        if os.getpid() == self._pid and threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    def _follow(self) -> None:
        pause = self._find_pause()
        while not self._stop.wait(pause):
            try:
                pause = self._step()
            except Exception as error:  # the thread must outlive whatever a library does
                pause = self._fail(OutOfReach(f"an unexpected {type(error).__name__}"), tell=True)
        self._drop()

    def _find_pause(self) -> float:
        """How long what was read at the start is new."""
        if not self._centre.is_fresh:
            return 0.0
        try:
            return self._find_connection().every or 0.0
        except NoText:
            return REFUSED

    def _step(self) -> float:
        """Ask once, and wait for news where the centre tells of them; how long to pause then."""
        try:
            connection = self._find_connection()
            text = self._centre.ask(connection)
        except Refused:
            self._drop()  # the next question looks up the references of the address anew
            self._recover()
            self._backoff.end()
            return self._centre.address.every or REFUSED
        except (OutOfReach, ConfigError) as error:
            return self._fail(error, tell=True)
        self._recover()
        if connection.every is not None:
            self._backoff.end()
            return connection.every
        start = time.monotonic()
        try:
            connection.wait(text)
        except (OutOfReach, ConfigError) as error:
            if time.monotonic() - start >= PATIENCE:  # something on the way ends what is idle for too long
                self._backoff.end()
            return self._fail(error, tell=False)
        self._backoff.end()
        return LEAST

    def _find_connection(self) -> Connection:
        with self._lock:
            if self._connection is None:
                self._connection = open_connection(self._centre.address)
            connection = self._connection
        if self._stop.is_set():
            connection.close()
        return connection

    def _drop(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _fail(self, error: NoText | ConfigError, *, tell: bool) -> float:
        """Begin anew after a pause; an outage is told once, and not that of an end that somebody wants."""
        self._drop()
        if tell and not self._is_out and not self._stop.is_set():
            self._is_out = True
            what = "%s is out of reach, the last good configs stay in use: %s"
            _log("warning", what, self._centre.address.shown, error)
        return self._backoff.fail()

    def _recover(self) -> None:
        if self._is_out:
            self._is_out = False
            _log("info", "%s can be reached again", self._centre.address.shown)


def _log(level: str, text: str, *what: object) -> None:
    import logging  # most programs that are followed have it anyway

    getattr(logging.getLogger(LOGGER), level)(text, *what)
