"""The log of a job: a line for each answer, written when it comes, and found again by the key of its request."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from modelhub.bulk.answers import Answer
from modelhub.bulk.index import Index
from modelhub.wire.exact import read_json, write_json

_SYNC = 5.0  # seconds from one time that the disk itself is waited for to the next
# A line begins with the key and with whether it failed, so that a log is looked through without decoding it.
_HEAD = b'{"key":"%b","failed":%b,'
_ANSWERED = b'","failed":false,'
_KEY, _REST = slice(8, 40), 40
_CHUNK = 1 << 16


class Log:
    """The answers of a job in ``folder``: the file ``done.jsonl``, which only grows, and the index of it.

    A line is handed to the operating system in one piece when its answer comes, so that none is lost if this process is
    killed; what was cut short is taken away when the log is opened. The disk itself is waited for every five seconds:
    if the machine loses its power, as much is asked again.

    Requests that failed in a job before are not in it, so that they are tried again; those that fail now are.
    """

    def __init__(self, folder: Path) -> None:
        """Open it, or begin it; raises OSError."""
        path = folder / "done.jsonl"
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        self._index = Index(folder / "index")
        self._size = 0  # of what is whole
        with path.open("rb", _CHUNK) as lines:
            self._index.put_all(self._read_places(lines))
        os.truncate(path, self._size)
        self._synced = time.monotonic()
        self.resumed = len(self._index)

    def _read_places(self, lines: Iterable[bytes]) -> Iterator[tuple[str, int]]:
        for line in lines:
            if not line.endswith(b"\n"):
                return
            if line.startswith(_ANSWERED, _REST):
                yield line[_KEY].decode(), self._size
            self._size += len(line)

    def has(self, key: str) -> bool:
        """Whether the request ``key`` is answered, or has failed since the log was opened."""
        return self._index.find(key) is not None

    def find(self, key: str) -> Answer | None:
        """What came of the request ``key``; None where ``has`` is false."""
        place = self._index.find(key)
        if place is None:
            return None
        os.lseek(self._file, place, os.SEEK_SET)
        line = os.read(self._file, _CHUNK)
        while b"\n" not in line and (more := os.read(self._file, max(len(line), _CHUNK))):
            line += more
        fields = read_json(line[: line.index(b"\n")])
        return Answer(*map(fields.get, Answer._fields))

    def ask(self, key: str) -> int | None:
        """A number for the request ``key``, which is to be asked now; None if it is answered or was asked before."""
        return self._index.ask(key)

    def answer(self, number: int, answer: Answer) -> str:
        """Keep what came of the request that was asked with ``number``, and give its key; raises OSError as ``add``."""
        key = self._index.answer(number, self._size)
        self._append(key, answer)
        return key

    def add(self, key: str, answer: Answer) -> None:
        """Keep what came of the request ``key``; if that raises OSError, the file is as it was before."""
        self._index.put_all([(key, self._size)])
        self._append(key, answer)

    def _append(self, key: str, answer: Answer) -> None:
        head = _HEAD % (key.encode(), b"false" if answer.error is None else b"true ")
        line = head + write_json(answer._asdict())[1:] + b"\n"
        self._write(line)
        self._size += len(line)
        now = time.monotonic()
        if now - self._synced > _SYNC:
            os.fsync(self._file)
            self._synced = now

    def _write(self, line: bytes) -> None:
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:] if written else line)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def close(self) -> None:
        """Close it; what it has is on the disk then."""
        self._index.close()
        try:
            os.fsync(self._file)
        finally:
            os.close(self._file)
