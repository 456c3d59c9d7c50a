"""Where in the log the answer to each request stands: a table in a file, so that any number takes no more memory."""

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
    "CREATE TABLE places (key BLOB PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID",
    "BEGIN",
)


class Index:
    """Places by the keys of requests: about 40 bytes of disk for each."""

    def __init__(self, path: Path) -> None:
        """Make an empty one in the file ``path``, whatever was in it."""
        self._path = path
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in _PREPARE:
            self._base.execute(statement)

    def put(self, key: str, place: int) -> None:
        """Note that the answer to ``key`` stands at ``place``, in place of one before."""
        self._base.execute("INSERT OR REPLACE INTO places VALUES (?, ?)", (bytes.fromhex(key), place))

    def put_all(self, places: Iterable[tuple[str, int]]) -> None:
        """The same for many."""
        rows = ((bytes.fromhex(key), place) for key, place in places)
        self._base.executemany("INSERT OR REPLACE INTO places VALUES (?, ?)", rows)

    def find(self, key: str) -> int | None:
        """Where the answer to ``key`` stands; None if there is none."""
        row = self._base.execute("SELECT place FROM places WHERE key = ?", (bytes.fromhex(key),)).fetchone()
        return None if row is None else row[0]

    def __len__(self) -> int:
        count: int = self._base.execute("SELECT count(*) FROM places").fetchone()[0]
        return count

    def __iter__(self) -> Iterator[str]:
        return (key.hex() for (key,) in self._base.execute("SELECT key FROM places"))

    def close(self) -> None:
        """Close and remove it."""
        self._base.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
