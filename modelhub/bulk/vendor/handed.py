"""The jobs that a run hands in to a vendor, as this side knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from modelhub.records import Record

State = Literal["ready", "sent", "running", "guessed", "ended"]


class Handed(Record):
    """One job: our ``name`` of it, which no other has, and how many ``requests`` are in it.

    Its ``state`` is "ready" to be handed in, "sent" once that may have happened, "running" when the vendor has told its
    ``id``, "guessed" when that is of a job which most likely is this one, and "ended" when its results are in the
    folder. ``began`` is when it was sent, in seconds since 1970; ``file`` is the vendor's id of its lines; ``headers``
    are those of its requests beside those of the model. ``remains`` are the vendor's files that came of it and were not
    deleted yet.
    """

    number: int
    name: str
    state: State
    requests: int
    headers: Mapping[str, str]
    began: float = 0.0
    file: str | None = None
    id: str | None = None
    remains: tuple[str, ...] = ()

    @property
    def run(self) -> str:
        """The run that its requests are of."""
        return self.name.split("-")[1]

    def find_key(self, id: str) -> str | None:
        """The key of the request that is called ``id`` in the results of a job; None for a request of another run."""
        key, _, run = id.partition("-")
        return key if run and run == self.run else None


def build_name(run: str, number: int) -> str:
    """The name of a job; ``run`` has no other run, and no ``-`` in it."""
    return f"modelhub-{run}-{number}"


def build_id(key: str, run: str) -> str:
    """What a request is called in a job, by which it is known as one of this run: 49 letters, where vendors take 64."""
    return f"{key}-{run}"
