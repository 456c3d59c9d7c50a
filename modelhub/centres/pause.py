"""How long to leave a centre alone that has failed."""

from __future__ import annotations

SHORTEST, LONGEST = 1.0, 30.0  # seconds


class Backoff:
    """Pauses that grow while something fails, from a second to half a minute."""

    __slots__ = ("_seconds",)

    def __init__(self) -> None:
        self._seconds = 0.0

    def fail(self) -> float:
        """It has failed once more: how long to leave it alone."""
        self._seconds = min(self._seconds * 2 or SHORTEST, LONGEST)
        return self._seconds

    def end(self) -> None:
        """It works."""
        self._seconds = 0.0
