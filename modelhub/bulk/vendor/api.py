"""What a vendor's batch API is: how jobs are handed in, asked after and read, as pure functions of data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from modelhub.bulk.vendor.handed import Handed
from modelhub.engine.parsing import MISSHAPEN
from modelhub.records import Record
from modelhub.wire import Reply, Request, decode_json

MEBIBYTE = 1 << 20
LARGEST = 64 * MEBIBYTE  # bytes of a job, also where a vendor takes more: it is sent from memory

End = Literal["completed", "failed", "expired", "cancelled"]
Loss = Literal["expired", "cancelled"]
"""How a request ends that a vendor has given up."""


class Complaint(Record):
    """Why a vendor does not work on a job, or on the request in one ``line`` of it, counted from 1."""

    message: str
    code: str | None = None
    line: int | None = None


class Job(Record):
    """What a vendor tells of a job: ``state`` in its own words, and ``end`` once it has come to one.

    ``marker`` is what tells that it is ours: the id of its file, or its name; None where the vendor keeps neither.
    ``total`` and ``done`` count its requests, where that is told. ``results`` are where they are fetched.
    """

    id: str
    state: str
    end: End | None = None
    marker: str | None = None
    created: float | None = None
    total: int | None = None
    done: int | None = None
    results: tuple[str, ...] = ()
    complaints: tuple[Complaint, ...] = ()


class Result(Record):
    """What came of the request ``id``: the status and the body of its reply, or its ``end`` where it has none."""

    id: str
    status: int = 200
    body: Any = None
    end: Loss | None = None
    request_id: str | None = None


class BatchAPI(ABC):
    """One vendor's batch API for one model, whose address and headers it uses; it does no I/O."""

    title: ClassVar[str]
    max_requests: ClassVar[int]
    max_bytes: ClassVar[int] = LARGEST
    max_line: ClassVar[int] = LARGEST  # bytes of one request
    marks_jobs: ClassVar[bool] = True  # whether a job in a list says for sure which it is

    def __init__(self, model: Any) -> None:
        self.model = model

    @abstractmethod
    def build_line(self, id: str, request: Request) -> bytes:
        """The line ``id`` for what ``request`` asks in a call; raises BadRequestError if a batch cannot ask it."""

    def upload(self, job: Handed, lines: bytes) -> Generator[Request, Reply, str | None]:
        """Send the lines of ``job`` ahead; returns the vendor's id of them, None where they go with the job itself."""
        yield from ()
        return None

    @abstractmethod
    def build_submit(self, job: Handed, lines: bytes) -> Request:
        """Hand ``job`` in."""

    @abstractmethod
    def build_poll(self, id: str) -> Request:
        """Ask how far a job is."""

    @abstractmethod
    def build_cancel(self, id: str) -> Request:
        """Ask for the end of a job."""

    @abstractmethod
    def build_list(self, after: str | None) -> Request:
        """Ask for the jobs of this key, the newest first, from the page ``after`` on."""

    @abstractmethod
    def parse_job(self, data: Any) -> Job:
        """The job that a decoded reply tells of."""

    @abstractmethod
    def parse_list(self, data: Any) -> tuple[list[Job], str | None]:
        """The jobs of a page, and what the page after it is called, None after the last."""

    def is_same(self, job: Job, handed: Handed) -> bool:
        """Whether ``job``, from a list, may be the one that was ``handed`` in; its results tell in the end."""
        return job.marker is not None and job.marker == (handed.file or handed.name)

    @abstractmethod
    def build_results(self, job: Job) -> list[Request]:
        """Ask for the results of a job that has ended, file by file."""

    def list_files(self, handed: Handed, job: Job | None) -> tuple[str, ...]:
        """The vendor's names of the files that came of a job; ``job`` is None for one that never was."""
        return ()

    def build_removal(self, file: str) -> Request:
        """Ask for the end of a file that ``list_files`` has named."""
        raise NotImplementedError

    def parse_results(self, file: Path) -> Iterator[Result]:
        """The results in a file that was fetched; what is no line of one is passed over."""
        with file.open("rb") as lines:
            for line in lines:
                try:
                    result = self.parse_result(decode_json(line))
                except MISSHAPEN:
                    continue
                if result is not None:
                    yield result

    @abstractmethod
    def parse_result(self, data: Any) -> Result | None:
        """The result in a decoded line; None for a line that tells of no request."""


def find_end(state: Any, ends: Mapping[str, End]) -> End | None:
    """The end that ``state`` means; None for a job that goes on, and for words that are not known."""
    return ends.get(state) if isinstance(state, str) else None


def join_lines(lines: bytes) -> bytes:
    """The lines of a file as the items of a JSON list."""
    return lines.rstrip(b"\n").replace(b"\n", b",\n")  # JSON of ours has no line ends in it


def parse_complaints(listed: Iterable[Any] | None) -> tuple[Complaint, ...]:
    """The complaints in a list as OpenAI writes it."""
    told = (each for each in listed or () if isinstance(each, dict))
    return tuple(
        Complaint(str(each.get("message") or "no reason was given"), each.get("code"), each.get("line"))
        for each in told
    )
