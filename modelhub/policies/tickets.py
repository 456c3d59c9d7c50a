"""A ticket for a limiter: the place of one attempt, in line and when it is under way."""

from __future__ import annotations

import math
from collections import deque
from typing import TypeAlias

from modelhub.engine.waking import Sleeper


class Ticket(Sleeper):
    """One attempt at a limiter; ``tokens`` is the estimate of what it will use.

    Whoever waits with it says with ``listen`` how to be woken. The other attributes are the limiter's.
    """

    __slots__ = ("admitted", "line", "number", "since", "taken", "tokens", "told")

    def __init__(self, tokens: float = 0) -> None:
        super().__init__()
        self.tokens = tokens
        self.line: Line | None = None  # where it stands
        self.number = 0  # which in line: one that comes again has another
        self.since = 0.0  # when it joined the line
        self.told = math.inf  # when it will look again by itself
        self.admitted = 0.0  # when its attempt began
        self.taken = 0.0  # what it has of the tokens

    def look(self) -> None:
        """Its owner asks now: what it was told and woken for before is done with."""
        self._woken = False
        self.told = math.inf


Line: TypeAlias = deque[tuple[int, Ticket]]
