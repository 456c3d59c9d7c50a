"""What is remembered between the events of a stream."""

from __future__ import annotations

from modelhub.adapters.ending import Counts
from modelhub.adapters.in_text import Marks, Scan
from modelhub.response import ToolCall

LOST = "\ufffd"


class Growing:
    """A text of which each event has all that there is so far; a last character that is cut waits for its rest."""

    __slots__ = ("_cut", "_text")

    def __init__(self) -> None:
        self._text = ""
        self._cut = ""

    def grow(self, text: str) -> str:
        """What is new in ``text``, the whole so far; of what does not go on from it, all that is not the same."""
        whole = text.rstrip(LOST) if text.endswith(LOST) else text
        self._cut = text[len(whole) :]
        before = self._text
        if before.startswith(whole):
            return ""
        self._text = whole
        shared = len(before) if whole.startswith(before) else _count_shared(before, whole)
        return whole[shared:]

    def end(self) -> str:
        """What waits for a rest that does not come."""
        cut, self._cut = self._cut, ""
        return cut


def _count_shared(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


class Progress:
    """What the events of a stream have told: ``found`` says whether any had a text, even if it was empty."""

    __slots__ = ("calls", "counts", "found", "known", "other", "reasoning", "scan", "text")

    def __init__(self, marks: Marks | None) -> None:
        self.text = Growing()
        self.reasoning = Growing()
        self.scan = Scan(marks) if marks is not None else None
        self.calls: list[ToolCall] = []  # all so far, where each event has all
        self.known: set[str] = set()
        self.counts: Counts | None = None
        self.other = False  # whether a reason was told that the config does not know
        self.found = False
