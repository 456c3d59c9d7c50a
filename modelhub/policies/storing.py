"""What a cache asks of the place where it keeps answers."""

from __future__ import annotations

from typing import Protocol


class Store(Protocol):
    """Keeps bytes by key for a while; any number of threads may use it, and nothing that it does raises.

    ``now`` and ``expires`` are seconds since 1970, for the processes that share a store have no other clock in common.
    ``blocking`` says whether it may wait for a disk or a network: then a caller in an event loop asks it in a thread.
    """

    blocking: bool

    def get(self, key: str, now: float) -> bytes | None:
        """What was put under ``key`` and has not expired; else None."""

    def put(self, key: str, value: bytes, now: float, expires: float) -> None:
        """Keep ``value`` until ``expires``, which may be infinite."""

    def close(self) -> None:
        """Let go of files and connections; from then on nothing is found and nothing is kept."""
