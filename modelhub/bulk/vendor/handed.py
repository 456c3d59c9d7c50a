"""The jobs that a run hands in to a vendor, as this side knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from modelhub.records import Record

State = Literal["ready", "sent", "running", "ended"]


class Handed(Record):
    """One job: our ``name`` of it, which no other has, and how many ``requests`` are in it.

    Its ``state`` is "ready" to be handed in, "sent" once that may have happened, "running" when the vendor has told its
    ``id``, and "ended" when its results are in the folder. ``began`` is when it was sent, in seconds since 1970;
    ``file`` is the vendor's id of its lines; ``headers`` are those of its requests beside those of the model.
    """

    number: int
    name: str
    state: State
    requests: int
    headers: Mapping[str, str]
    began: float = 0.0
    file: str | None = None
    id: str | None = None
