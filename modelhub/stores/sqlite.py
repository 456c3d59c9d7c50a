"""A store in a file of SQLite, which any number of processes share."""

from __future__ import annotations

import sqlite3

from modelhub.stores.sqlite_file import Connection, Layout, ask

PATIENCE = 0.25  # seconds to wait while another process writes
_LAYOUT = Layout(
    0x6D687563,
    1,
    (
        "CREATE TABLE answers (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL NOT NULL)",
        "CREATE INDEX answers_by_expires ON answers (expires)",
    ),
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
        self._reader = Connection(path, _LAYOUT, PATIENCE)  # two, so that nobody who reads waits for who writes
        self._writer = Connection(path, _LAYOUT, PATIENCE)

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
            count = ask(base, _COUNT)
            if count > self._max_entries:
                base.execute(_SHRINK, (count - self._max_entries,))

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()
