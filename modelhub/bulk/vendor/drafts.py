"""Gathers the lines of jobs in files, as many as a vendor takes in one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from modelhub.bulk.vendor.again import Again
from modelhub.bulk.vendor.api import BatchAPI
from modelhub.bulk.vendor.handed import Handed, build_id, build_name
from modelhub.bulk.vendor.ledger import Ledger
from modelhub.errors import BadRequestError
from modelhub.wire import Request

_KEY = slice(0, 32)  # of what follows the first name in a line


class Drafts:
    """The job that is being gathered in ``folder``; one that is full, or has other headers, makes room for the next."""

    def __init__(self, folder: Path, ledger: Ledger, api: BatchAPI, run: str) -> None:
        self._folder, self._ledger, self._api = folder, ledger, api
        self._run = run
        self._file: BinaryIO | None = None
        self._number = self._requests = self._size = 0
        self._last = 0  # number that was given
        self._headers: Mapping[str, str] = {}

    def add(self, key: str, request: Request, way: str, headers: Mapping[str, str], number: int) -> Handed | None:
        """Put a request in; returns the job that was ready before it, if it did not fit there.

        Raises BadRequestError for one that is too long for any job, or that a batch cannot ask.
        """
        line = self._api.build_line(build_id(key, self._run), request)
        size = len(line) + 1
        most = min(self._api.max_line, self._api.max_bytes)
        if size > most:
            raise BadRequestError(f"the request has {size:,} bytes; in a batch it may have {most:,}")
        full = self._requests == self._api.max_requests or self._size + size > self._api.max_bytes
        ready = self.close() if full or headers != self._headers else None
        if self._file is None:
            self._number, self._headers = self._take_number(), headers
            self._file = find_lines(self._folder, self._number).open("wb")
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

    def renew(self, job: Handed, again: Again) -> list[Handed]:
        """New jobs with the requests of ``job``, less those that are left out; who waits for one waits for the new."""
        size = -(-(job.requests - len(again.left_out)) // again.parts)
        jobs: list[Handed] = []
        with find_lines(self._folder, job.number).open("rb") as file:
            rest = (line for n, line in enumerate(file, 1) if n not in again.left_out)
            while lines := list(islice(rest, size)):
                number = self._take_number()
                with find_lines(self._folder, number).open("wb") as renewed:
                    renewed.writelines(lines)
                    renewed.flush()
                    os.fsync(renewed.fileno())
                jobs.append(Handed(number, build_name(job.run, number), "ready", len(lines), job.headers))
                self._ledger.add_job(jobs[-1], map(find_key, lines))
        return jobs

    def leave(self) -> None:
        """Give up what was gathered."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _take_number(self) -> int:
        self._last = max(self._last + 1, self._ledger.find_next())
        return self._last


def find_lines(folder: Path, number: int) -> Path:
    """Where the lines of a job are."""
    return folder / f"job-{number}.jsonl"


def find_key(line: bytes) -> str:
    """The key of the request in a line of a job."""
    return line.partition(b'":"')[2][_KEY].decode()


def find_results(folder: Path, number: int) -> list[Path]:
    """Where the results of a job are that were fetched."""
    return sorted(folder.glob(f"job-{number}.results-*"))
