"""A store in a file of SQLite, which any number of processes share."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import local
from typing import Any, TypeVar

from modelhub.locks import Lock

T = TypeVar("T")
PATIENCE = 0.25  # seconds to wait while another process writes
MODE = 0o600
_APPLICATION = 0x6D687563  # marks the file as ours
_LAYOUT = 1
_CREATE = (
    "CREATE TABLE answers (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL NOT NULL)",
    "CREATE INDEX answers_by_expires ON answers (expires)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_LAYOUT}",
)
_GET = "SELECT value FROM answers WHERE key = ? AND expires > ?"
_PUT = "INSERT OR REPLACE INTO answers (key, value, expires) VALUES (?, ?, ?)"
_EXPIRE = "DELETE FROM answers WHERE expires <= ?"
_COUNT = "SELECT count(*) FROM answers"
_SHRINK = "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers ORDER BY expires, rowid LIMIT ?)"


class SQLiteStore:
    """Keeps entries in one file, of which those that expire first make room.

    The file is made when it is first needed, with its folder; only its owner can read it. One that is not ours is left
    as it is. It raises what sqlite3 and the file system raise.
    """

    blocking = True

    def __init__(self, path: str, max_entries: int) -> None:
        self._max_entries = max_entries
        self._step = max(1, max_entries // 64)  # the entries that are put before they are counted
        self._put = 0
        self._reader = _Connection(path)  # two, so that nobody who reads waits for who writes
        self._writer = _Connection(path)

    def get(self, key: str, now: float) -> bytes | None:
        """What was put under ``key`` and has not expired; else None."""
        row = self._reader.use(lambda base: base.execute(_GET, (key, now)).fetchone())
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def put(self, key: str, value: bytes, now: float, expires: float) -> None:
        """Keep ``value`` until ``expires``; now and then what is too much goes."""
        self._writer.use(lambda base: self._write(base, key, value, now, expires))

    def _write(self, base: sqlite3.Connection, key: str, value: bytes, now: float, expires: float) -> None:
        base.execute(_PUT, (key, value, expires))
        self._put += 1
        if self._put % self._step == 0:
            base.execute(_EXPIRE, (now,))
            count = _ask(base, _COUNT)
            if count > self._max_entries:
                base.execute(_SHRINK, (count - self._max_entries,))

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()


class _Connection:
    """One connection to the file, which one thread at a time uses."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._base: sqlite3.Connection | None = None
        self._finish: Callable[[], Any] = _nothing
        self.lock = Lock()
        _CONNECTIONS.add(self)

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What ``work`` returns; raises sqlite3.Error and OSError. What fails is begun anew the next time."""
        with self.lock:
            if self._base is None:
                self._base = _open(self._path)
                self._finish = weakref.finalize(self, self._base.close)
            try:
                return work(self._base)
            except sqlite3.Error:
                self.close()
                raise

    def close(self) -> None:
        """Close it; using it opens it again."""
        with self.lock:
            self._base = None
            self._finish()


def _nothing() -> None:
    """Nothing is open."""


_CONNECTIONS: weakref.WeakSet[_Connection] = weakref.WeakSet()
_OPENING = Lock()
_FORK = Lock()  # one fork at a time
_FORKING = local()


def _close_all() -> None:
    """Close every connection before a fork, and keep it closed: neither process could trust the locks it has."""
    _FORKING.held = held = ExitStack()
    held.enter_context(_FORK)
    for connection in list(_CONNECTIONS):
        held.enter_context(connection.lock)
        connection.close()
    held.enter_context(_OPENING)  # the last, as whoever opens takes it


def _go_on() -> None:
    _FORKING.held.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_close_all, after_in_parent=_go_on, after_in_child=_go_on)


def _open(path: str) -> sqlite3.Connection:
    """A connection to the file, which is made if there is none."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with _OPENING:
        _make_file(path)
        base = sqlite3.connect(
            Path(path).as_uri() + "?mode=rw", PATIENCE, isolation_level=None, check_same_thread=False, uri=True
        )
    try:
        _make_ours(base)
        _prepare(base)
        if os.name == "posix":
            Path(path).chmod(MODE)
    except BaseException:
        base.close()
        raise
    return base


def _make_file(path: str) -> None:
    """Make an empty file that only its owner can read, if there is none.

    One that is there is not opened: closing it would take away the locks of this process's connections to it
    (https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, MODE))


def _make_ours(base: sqlite3.Connection) -> None:
    """Lay out an empty file; raises DatabaseError for one that belongs to another program."""
    if _ask(base, "PRAGMA application_id") == _APPLICATION:
        return
    base.execute("BEGIN IMMEDIATE")  # whoever makes it at the same time waits
    application = _ask(base, "PRAGMA application_id")
    if application != _APPLICATION:
        if application or _ask(base, "SELECT count(*) FROM sqlite_master"):
            raise sqlite3.DatabaseError("the file is the database of another program")
        for statement in _CREATE:
            base.execute(statement)
    base.execute("COMMIT")


def _prepare(base: sqlite3.Connection) -> None:
    """Let readers and a writer use the file at the same time; raises DatabaseError for a layout that is not known."""
    layout = _ask(base, "PRAGMA user_version")
    if layout != _LAYOUT:
        raise sqlite3.DatabaseError(f"the file was written by another version of modelhub (layout {layout})")
    base.execute("PRAGMA synchronous = NORMAL")
    if _ask(base, "PRAGMA journal_mode") != "wal":
        with suppress(sqlite3.OperationalError):  # somebody uses it just now; it works as it is
            base.execute("PRAGMA journal_mode = WAL")


def _ask(base: sqlite3.Connection, question: str) -> Any:
    return base.execute(question).fetchone()[0]
