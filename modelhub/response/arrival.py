"""How far a response has come, and where the rest of it comes from."""

from __future__ import annotations

from typing import Protocol

from modelhub.response.accumulator import Accumulator


class Source(Protocol):
    """Where the deltas of an arriving response come from: an Iterator or an AsyncIterator that can be closed."""

    def close(self) -> None:
        """Stop, and let go of what the deltas come from."""


class Arrival:
    """How far a response has come: its source, what it gathers in, and what AgentScope's view of it has shown."""

    __slots__ = ("begun", "drained", "iterating", "pulled", "shown", "so_far", "source")

    def __init__(self, source: Source, so_far: Accumulator) -> None:
        self.source = source
        self.so_far = so_far
        self.begun = False
        self.iterating = False
        self.drained = False
        self.pulled: str | None = None
        self.shown: str | None = None


class Spent:
    """A source that has nothing more to give."""

    def close(self) -> None:
        """Nothing to stop."""
