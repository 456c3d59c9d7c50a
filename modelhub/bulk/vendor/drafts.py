"""Gathers the lines of jobs in files, as many as a vendor takes in one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from modelhub.bulk.vendor.api import BatchAPI
from modelhub.bulk.vendor.handed import Handed, build_id, build_name
from modelhub.bulk.vendor.ledger import Ledger
from modelhub.errors import BadRequestError
from modelhub.wire import Request


class Drafts:
    """The job that is being gathered in ``folder``; one that is full, or has other headers, makes room for the next."""

    def __init__(self, folder: Path, ledger: Ledger, api: BatchAPI, run: str) -> None:
        self._folder, self._ledger, self._api = folder, ledger, api
        self._run = run
        self._file: BinaryIO | None = None
        self._number = self._requests = self._size = 0
        self._headers: Mapping[str, str] = {}

    def add(self, key: str, request: Request, way: str, headers: Mapping[str, str], number: int) -> Handed | None:
        """Put a request in; returns the job that was ready before it, if it did not fit there.

        Raises BadRequestError for one that is too long for any job, or that a batch cannot ask.
        """
        line = self._api.build_line(build_id(key, self._run), request)
        size = len(line) + 1
        if size > self._api.max_bytes:
            raise BadRequestError(f"the request has {size} bytes; a batch may have {self._api.max_bytes}")
        full = self._requests == self._api.max_requests or self._size + size > self._api.max_bytes
        ready = self.close() if full or headers != self._headers else None
        if self._file is None:
            self._number, self._headers = self._ledger.find_next(), headers
            self._file = self._find_path().open("wb")
        self._file.write(line + b"\n")
        self._ledger.put(key, self._number, way, number)
        self._requests += 1
        self._size += size
        return ready

    def close(self) -> Handed | None:
        """The job that was gathered, which is on the disk now; None if there is nothing in it."""
        if self._file is None:
            return None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        job = Handed(self._number, build_name(self._run, self._number), "ready", self._requests, self._headers)
        self._ledger.add_job(job)
        self._file, self._requests, self._size = None, 0, 0
        return job

    def leave(self) -> None:
        """Give up what was gathered."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _find_path(self) -> Path:
        return find_lines(self._folder, self._number)


def find_lines(folder: Path, number: int) -> Path:
    """Where the lines of a job are."""
    return folder / f"job-{number}.jsonl"


def find_results(folder: Path, number: int) -> list[Path]:
    """Where the results of a job are that were fetched."""
    return sorted(folder.glob(f"job-{number}.results-*"))
