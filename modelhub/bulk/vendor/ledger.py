"""What was handed in to a vendor, in a file of SQLite: which jobs there are, and in which of them each request is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from modelhub.bulk.vendor.handed import Handed
from modelhub.wire import decode_json, encode_json

_LAYOUT = (
    "CREATE TABLE IF NOT EXISTS jobs (number INTEGER PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL,"
    " requests INTEGER NOT NULL, headers TEXT NOT NULL, began REAL NOT NULL, file TEXT, id TEXT,"
    " remains TEXT NOT NULL DEFAULT '[]')",
    "CREATE TABLE IF NOT EXISTS asked (key BLOB PRIMARY KEY, job INTEGER NOT NULL, way TEXT NOT NULL, number INTEGER)"
    " WITHOUT ROWID",
    # What was gathered for a job that never came to be, and who waited in another run.
    "DELETE FROM asked WHERE job NOT IN (SELECT number FROM jobs)",
    "UPDATE asked SET number = NULL WHERE number IS NOT NULL",
)
_AT_ONCE = 1000


class Ledger:
    """The jobs of a run and the requests in them; each change of a job is on the disk before anything is sent.

    A request that is waited for has the number of its question, which holds for this run; ``way`` says how its reply is
    read. It takes about 60 bytes of disk for each request.
    """

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, check_same_thread=False)
        for statement in _LAYOUT:
            self._base.execute(statement)
        self._base.commit()

    def list_jobs(self) -> list[Handed]:
        """All jobs, in the order in which they were made."""
        return [_build_job(row) for row in self._base.execute("SELECT * FROM jobs ORDER BY number")]

    def find_next(self) -> int:
        """The number of the next job."""
        (last,) = self._base.execute("SELECT max(number) FROM jobs").fetchone()
        return (last or 0) + 1

    def add_job(self, job: Handed, keys: Iterable[str] = ()) -> None:
        """Keep a new job, with the requests that were put in it before, and those of other jobs with ``keys``."""
        values = (*(getattr(job, name) for name in Handed.fields[:4]), encode_json(dict(job.headers)).decode())
        self._base.execute(
            "INSERT INTO jobs (number, name, state, requests, headers, began) VALUES (?, ?, ?, ?, ?, 0)", values
        )
        moved = ((job.number, bytes.fromhex(key)) for key in keys)
        self._base.executemany("UPDATE asked SET job = ? WHERE key = ?", moved)
        self._base.commit()

    def note(self, job: Handed, **changes: Any) -> Handed:
        """Keep what has changed of a job; returns it as it is now."""
        sets = ", ".join(f"{name} = ?" for name in changes)
        values = (encode_json(each).decode() if isinstance(each, tuple) else each for each in changes.values())
        self._base.execute(f"UPDATE jobs SET {sets} WHERE number = ?", (*values, job.number))
        self._base.commit()
        return _build_job(self._base.execute("SELECT * FROM jobs WHERE number = ?", (job.number,)).fetchone())

    def put(self, key: str, job: int, way: str, number: int) -> None:
        """Put a request in a job; its question waits for it."""
        self._base.execute("INSERT INTO asked VALUES (?, ?, ?, ?)", (bytes.fromhex(key), job, way, number))

    def await_again(self, key: str, way: str, number: int) -> bool:
        """Let a question wait for a request that is in a job already; false if it is in none."""
        update = "UPDATE asked SET number = ?, way = ? WHERE key = ?"
        return self._base.execute(update, (number, way, bytes.fromhex(key))).rowcount > 0

    def take(self, key: str, job: Handed) -> tuple[int, str] | None:
        """The question that waits for a request of ``job``, and how to read its reply; it waits no longer."""
        try:
            found = bytes.fromhex(key)
        except ValueError:
            return None
        select = "SELECT number, way FROM asked WHERE key = ? AND job = ? AND number IS NOT NULL"
        row: tuple[int, str] | None = self._base.execute(select, (found, job.number)).fetchone()
        if row is not None:
            self._base.execute("UPDATE asked SET number = NULL WHERE key = ?", (found,))
        return row

    def has(self, key: str, job: Handed) -> bool:
        """Whether ``job`` has the request ``key``."""
        try:
            values = (bytes.fromhex(key), job.number)
        except ValueError:
            return False
        return self._base.execute("SELECT 1 FROM asked WHERE key = ? AND job = ?", values).fetchone() is not None

    def is_awaited(self, job: Handed) -> bool:
        """Whether a question waits for a request of ``job``."""
        select = "SELECT 1 FROM asked WHERE job = ? AND number IS NOT NULL LIMIT 1"
        return self._base.execute(select, (job.number,)).fetchone() is not None

    def take_rest(self, job: Handed) -> Iterator[tuple[str, int, str]]:
        """The keys and questions that still wait for requests of ``job``, and their ways; they wait no longer."""
        select = f"SELECT key, number, way FROM asked WHERE job = ? AND number IS NOT NULL LIMIT {_AT_ONCE}"
        while rows := self._base.execute(select, (job.number,)).fetchall():
            self._base.executemany("UPDATE asked SET number = NULL WHERE key = ?", [(key,) for key, _, _ in rows])
            yield from ((key.hex(), number, way) for key, number, way in rows)

    def keep_only(self, job: Handed, keys: Iterable[str]) -> None:
        """Forget the requests of ``job`` but those with ``keys``, so that they are put in another job."""
        self._base.execute("CREATE TEMP TABLE kept (key BLOB PRIMARY KEY) WITHOUT ROWID")
        self._base.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((bytes.fromhex(key),) for key in keys))
        self._base.execute("DELETE FROM asked WHERE job = ? AND key NOT IN (SELECT key FROM kept)", (job.number,))
        self._base.execute("DROP TABLE kept")
        self._base.commit()

    def close(self) -> None:
        """Close it."""
        self._base.commit()
        self._base.close()


def _build_job(row: tuple[Any, ...]) -> Handed:
    number, name, state, requests, headers, began, file, id, remains = row
    told: Mapping[str, str] = decode_json(headers.encode())
    return Handed(number, name, state, requests, told, began, file, id, tuple(decode_json(remains.encode())))
