"""Tickets for a limiter, each the place of one attempt, and the line in which those stand that wait."""

from __future__ import annotations

import math
from collections import deque

from modelhub.engine.waking import Sleeper


class Ticket(Sleeper):
    """One attempt at a limiter; ``tokens`` is the estimate of what it will use.

    Whoever waits with it says with ``listen`` how to be woken. The other attributes are the limiter's.
    """

    __slots__ = ("admitted", "asked", "line", "number", "since", "taken", "tokens", "told")

    def __init__(self, tokens: float = 0) -> None:
        super().__init__()
        self.tokens = tokens
        self.line: Line | None = None  # where it stands
        self.number = 0  # which in line: one that comes again has another
        self.asked = 0.0  # the tokens that it stands in line for
        self.since = 0.0  # when it joined the line
        self.told = math.inf  # when it will look again by itself
        self.admitted = 0.0  # when its attempt began
        self.taken = 0.0  # what it has of the tokens

    def look(self) -> None:
        """Its owner asks now: what it was told and woken for before is done with."""
        self._woken = False
        self.told = math.inf


class Line:
    """The tickets that wait, in the order in which they came: how many, and how many tokens they ask for together.

    One that has left it is dropped when it comes to the front.
    """

    __slots__ = ("_joined", "_numbered", "asked", "waiting")

    def __init__(self) -> None:
        self._numbered: deque[tuple[int, Ticket]] = deque()
        self._joined = 0
        self.waiting = 0
        self.asked = 0.0

    def join(self, ticket: Ticket, tokens: float, now: float) -> None:
        """Put ``ticket`` at the end, unless it stands here."""
        if ticket.line is self:
            return
        ticket.since = now
        ticket.line = self
        ticket.number = self._joined = self._joined + 1
        ticket.asked = tokens
        self.waiting += 1
        self.asked += tokens
        self._numbered.append((ticket.number, ticket))

    def leave(self, ticket: Ticket) -> None:
        """Let ``ticket`` go, if it stands here."""
        if ticket.line is self:
            ticket.line = None
            self.waiting -= 1
            self.asked -= ticket.asked

    def find_head(self) -> Ticket | None:
        """The first; None if nobody waits."""
        numbered = self._numbered
        while numbered:
            number, head = numbered[0]
            if head.line is self and head.number == number:
                return head
            numbered.popleft()
        return None
