"""Files of SQLite that any number of processes share, and that forks and other programs do not harm."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import local
from typing import Any, NamedTuple, TypeVar

from modelhub.locks import Lock

T = TypeVar("T")
MODE = 0o600


class Layout(NamedTuple):
    """What a file of ours has in it: the mark that it is ours, the version of its tables, and how they are made."""

    application: int
    version: int
    create: tuple[str, ...]


class Connection:
    """One connection to a file, which one thread at a time uses.

    The file is made when it is first needed, with its folder; only its owner can read it. One that is not ours is left
    as it is. While another process writes, it waits for ``patience`` seconds.
    """

    def __init__(self, path: str, layout: Layout, patience: float) -> None:
        self._path = path
        self._layout = layout
        self._patience = patience
        self._base: sqlite3.Connection | None = None
        self._finish: Callable[[], Any] = _nothing
        self.lock = Lock()
        _CONNECTIONS.add(self)

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What ``work`` returns; raises sqlite3.Error and OSError. What fails is begun anew the next time."""
        with self.lock:
            if self._base is None:
                self._base = _open(self._path, self._layout, self._patience)
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


_CONNECTIONS: weakref.WeakSet[Connection] = weakref.WeakSet()
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


def _open(path: str, layout: Layout, patience: float) -> sqlite3.Connection:
    """A connection to the file, which is made if there is none."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with _OPENING:
        _make_file(path)
        base = sqlite3.connect(
            Path(path).as_uri() + "?mode=rw", patience, isolation_level=None, check_same_thread=False, uri=True
        )
    try:
        _make_ours(base, layout)
        _prepare(base, layout)
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


def _make_ours(base: sqlite3.Connection, layout: Layout) -> None:
    """Lay out an empty file; raises DatabaseError for one that belongs to another program."""
    if ask(base, "PRAGMA application_id") == layout.application:
        return
    base.execute("BEGIN IMMEDIATE")  # whoever makes it at the same time waits
    application = ask(base, "PRAGMA application_id")
    if application != layout.application:
        if application or ask(base, "SELECT count(*) FROM sqlite_master"):
            raise sqlite3.DatabaseError("the file is the database of another program")
        for statement in layout.create:
            base.execute(statement)
        base.execute(f"PRAGMA application_id = {layout.application}")
        base.execute(f"PRAGMA user_version = {layout.version}")
    base.execute("COMMIT")


def _prepare(base: sqlite3.Connection, layout: Layout) -> None:
    """Let readers and a writer use the file at the same time; raises DatabaseError for a layout that is not known."""
    version = ask(base, "PRAGMA user_version")
    if version != layout.version:
        raise sqlite3.DatabaseError(f"the file was written by another version of modelhub (layout {version})")
    base.execute("PRAGMA synchronous = NORMAL")
    if ask(base, "PRAGMA journal_mode") != "wal":
        with suppress(sqlite3.OperationalError):  # somebody uses it just now; it works as it is
            base.execute("PRAGMA journal_mode = WAL")


def ask(base: sqlite3.Connection, question: str) -> Any:
    """The one value that answers a question."""
    return base.execute(question).fetchone()[0]
