"""What a batch is, whoever's it is: a job of many requests, and the files that come with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from modelhub.server.formats.format import Ask, Format
from modelhub.server.formats.replies import Json, Reply

State = Literal["validating", "in_progress", "completed", "failed", "expired", "cancelling", "cancelled"]
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
"""The states in which nothing happens any more."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was uploaded, or that a job has written; ``api`` is whose it is, ``at`` in seconds since 1970."""

    id: str
    api: str
    name: str
    data: bytes = field(repr=False)
    purpose: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One request of a job: the same as a call of ``path``, which ``build`` answers.

    ``name`` is how its caller knows it again; ``variables`` are the variable parts of the path.
    """

    name: str
    body: Json
    path: str
    build: Callable[[Ask], Reply]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The name of the model; empty if there is none."""
        name = self.variables.get("model") or self.body.get("model")
        return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one request has ended: what a call would have got."""

    status: int
    body: Json

    @property
    def went_well(self) -> bool:
        """Whether it has an answer."""
        return self.status < 400


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a job cannot begin; ``line`` counts from 1, and is None when it is the whole file."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


@dataclass(slots=True)
class Job:
    """Requests that were handed in together.

    ``facts`` is what its vendor's form of it tells besides. ``outcomes`` are those of the first lines, as far as it has
    come. ``times`` has when it came to a state, in seconds since 1970. ``size`` is that of what was handed in.
    """

    api: str
    form: Format
    lines: Sequence[Line]
    facts: Json
    headers: Mapping[str, str]
    flaws: Sequence[Flaw] = ()
    size: int = 0
    id: str = ""
    state: State = "validating"
    times: dict[State, float] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    began: float = 0.0
    looks: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether nothing happens any more."""
        return self.state in ENDED

    @property
    def failed(self) -> int:
        """How many requests have ended without an answer so far."""
        return sum(not outcome.went_well for outcome in self.outcomes)

    @property
    def created(self) -> float:
        """When it was handed in, in seconds since 1970."""
        return self.times["validating"]

    @property
    def ended(self) -> float | None:
        """When it has ended, in seconds since 1970."""
        return self.times[self.state] if self.has_ended else None


class Desk(Protocol):
    """Where jobs are handed in and files are kept; what is not there, or is another vendor's, is None."""

    def keep_file(self, api: str, prefix: str, name: str, data: bytes, purpose: str = "") -> File:
        """Keep a file under a new id, which begins with ``prefix``; raises Failure when there is no room for it."""
        ...

    def put_file(self, file: File) -> None:
        """Keep a file in place of the one with its id; raises Failure when there is no room for it."""
        ...

    def find_file(self, api: str, file_id: str) -> File | None:
        """The file of this id."""
        ...

    def list_files(self, api: str) -> list[File]:
        """All files of a vendor, the newest first."""
        ...

    def drop_file(self, file: File) -> None:
        """Forget a file."""
        ...

    def submit(self, job: Job, prefix: str) -> Job:
        """Take a job under a new id, which begins with ``prefix``; raises Failure when there is no room for it."""
        ...

    def find_job(self, api: str, job_id: str, *, look: bool = False) -> Job | None:
        """The job of this id; a ``look`` lets it go on as far as it is by now."""
        ...

    def list_jobs(self, api: str) -> list[Job]:
        """All jobs of a vendor, the newest first."""
        ...

    def cancel(self, job: Job) -> None:
        """Let a job end at the next look, with what is done by now; one that has ended stays as it is."""
        ...

    def drop_job(self, job: Job) -> None:
        """Forget a job."""
        ...

    def shuffle(self, job: Job) -> list[int]:
        """The numbers of a job's lines in an order of no meaning, the same for the same seed."""
        ...
