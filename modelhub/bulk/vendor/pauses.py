"""How long is waited between the questions to a vendor, which works for hours."""

from __future__ import annotations

LONGEST = 60.0  # seconds from one question after a job to the next
_GROWTH = 1.5
_LONGEST_CROWDED = 900.0


class Pauses:
    """How long is waited, in seconds.

    ``first`` before a job is asked after, ``listing`` until a new job is in a list, and ``crowded`` before a job for
    which there was no room is handed in again.
    """

    def __init__(self, first: float = 1.0, listing: float = 5.0, crowded: float = 60.0) -> None:
        self.first = first
        self.listing = listing
        self._crowded = crowded

    def find_next(self, pause: float) -> float:
        """The pause after ``pause``, from one question after a job to the next."""
        return min(pause * _GROWTH, LONGEST)

    def find_crowded(self, turn: int) -> float:
        """How long is waited for room after a job was handed in ``turn`` times before."""
        return min(self._crowded * _GROWTH ** min(turn, 50), max(self._crowded, _LONGEST_CROWDED))
