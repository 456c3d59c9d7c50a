"""Which requests of a job are asked, and where in its log their answers stand: a table in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_CACHE = 4096  # KiB of the table that are kept in memory
_PREPARE = (
    "PRAGMA journal_mode = OFF",  # it is made anew from the log whenever a job begins
    "PRAGMA synchronous = OFF",
    f"PRAGMA cache_size = -{_CACHE}",
    "CREATE TABLE requests (number INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, place INTEGER NOT NULL)",
    "BEGIN",
)
_NOWHERE = -1  # the place of an answer that has not come
_PUT = "INSERT INTO requests (key, place) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET place = excluded.place"


class Index:
    """Requests by their keys and by the numbers that they get when they are asked.

    Any number of them takes no more memory, and about 60 bytes of disk each.
    """

    def __init__(self, path: Path) -> None:
        """Make an empty one in the file ``path``, whatever was in it."""
        self._path = path
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in _PREPARE:
            self._base.execute(statement)

    def ask(self, key: str) -> int | None:
        """A number for the request ``key``; None where it has one, or is answered."""
        done = self._base.execute(f"INSERT OR IGNORE INTO requests (key, place) VALUES (?, {_NOWHERE})", (_pack(key),))
        return done.lastrowid if done.rowcount else None

    def answer(self, number: int, place: int) -> str:
        """Note that the answer to a request that was asked stands at ``place``; its key."""
        found = self._base.execute("UPDATE requests SET place = ? WHERE number = ? RETURNING key", (place, number))
        key: bytes = found.fetchone()[0]
        return key.hex()

    def put_all(self, places: Iterable[tuple[str, int]]) -> None:
        """Note where answers stand, by the keys of their requests, in place of what was noted before."""
        self._base.executemany(_PUT, ((_pack(key), place) for key, place in places))

    def find(self, key: str) -> int | None:
        """Where the answer to ``key`` stands; None if there is none."""
        row = self._base.execute("SELECT place FROM requests WHERE key = ?", (_pack(key),)).fetchone()
        return None if row is None or row[0] == _NOWHERE else row[0]

    def __len__(self) -> int:
        count: int = self._base.execute(f"SELECT count(*) FROM requests WHERE place <> {_NOWHERE}").fetchone()[0]
        return count

    def __iter__(self) -> Iterator[str]:
        rows = self._base.execute(f"SELECT key FROM requests WHERE place <> {_NOWHERE}")
        return (key.hex() for (key,) in rows)

    def close(self) -> None:
        """Close and remove it."""
        self._base.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def _pack(key: str) -> bytes:
    return bytes.fromhex(key)
