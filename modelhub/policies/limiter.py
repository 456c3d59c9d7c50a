"""The limiter of a model: who may send now, and who waits in line; one for threads and event loops together."""

from __future__ import annotations

import math
from collections import deque

from modelhub.engine.forking import forget_in_child
from modelhub.locks import Lock
from modelhub.policies.buckets import TokenBucket
from modelhub.policies.limits import Limits, build_refusal
from modelhub.policies.tickets import Line, Ticket

_AT_ONCE = 1e-6  # seconds that nobody waits for; adding less to the time of a clock may change nothing
_MOST_TOKENS = 1e12  # no attempt uses more: a reply that says so is wrong


class Limiter:
    """Lets attempts through as ``limits`` allows, first come first served.

    It neither waits nor looks at a clock. Ask ``admit`` with a ticket: it says 0, or after how many seconds to ask
    again; the ticket's ``wake`` says that it may be worth asking sooner. Only the first in line ever has a time to
    wait for, so that nobody asks in vain: who leaves wakes the next. Whatever becomes of a ticket that was admitted or
    waits, ``release`` must end it; twice, or from a finalizer that comes in the middle of a step, does no harm.
    """

    __slots__ = (
        *("__weakref__", "_busy", "_flying", "_held_until", "_line", "_lock", "_requests", "_returned", "_stay"),
        *("_tokens", "limits"),
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._requests, self._tokens = _build_buckets(limits)
        self._held_until = -math.inf
        self._stay = 1.0  # seconds that an attempt takes, as a moving average; before the first: a guess
        self._lock = Lock()
        self.forget_holders()
        forget_in_child(self)

    def forget_holders(self) -> None:
        """Free all places, in line and under way, as a forked process must; their tickets' ends are ignored then."""
        self._flying: set[Ticket] = set()
        self._line = Line()
        self._returned: deque[tuple[Ticket, float, float, bool]] = deque()  # what `release` was called with
        self._busy = False  # whether a step is under way

    @property
    def under_way(self) -> int:
        """How many attempts have a place now."""
        return len(self._flying)

    @property
    def waiting(self) -> int:
        """How many tickets stand in line."""
        return self._line.waiting

    def admit(self, ticket: Ticket, now: float) -> float:
        """0 if the attempt may begin now; else seconds after which to ask again if nothing wakes the ticket sooner.

        A ticket that may not yet begin stands in line from the first time that it is asked for. Raises RateLimitError
        if it may not wait, or has waited as long as it may.
        """
        with self._lock:
            within, self._busy = self._busy, True
            try:
                wait = self._look(ticket, now)
            finally:
                self._busy = within
        if self._line.waiting or self._returned:
            self._serve(now)
        if wait < 0:
            raise build_refusal(self.limits, self.place_in(ticket.tokens, now))
        return wait

    def release(self, ticket: Ticket, now: float, tokens_used: float = 0, sent: bool = True) -> None:
        """End ``ticket``: its attempt is over, or it leaves the line.

        ``tokens_used`` takes the place of the estimate: 0 for an attempt that failed or was cancelled. One that was not
        ``sent`` does not count as a request.
        """
        self._returned.append((ticket, now, tokens_used, sent))
        self._serve(now)

    def hold(self, until: float) -> None:
        """Let nobody in before ``until``: the server has asked for a pause."""
        with self._lock:
            if self._held_until < until < math.inf:
                self._held_until = until

    def change(self, limits: Limits) -> None:
        """Obey other limits from now on; what is under way keeps its places, and what was taken stays taken."""
        requests, tokens = _build_buckets(limits)
        with self._lock:
            for new, old in ((requests, self._requests), (tokens, self._tokens)):
                if new is not None and old is not None:
                    new.follow(old)
            self.limits, self._requests, self._tokens = limits, requests, tokens

    def next_wake(self, now: float) -> float | None:
        """When the first in line may begin, by the clock; None if nobody waits, or if only a release can help."""
        with self._lock:
            within, self._busy = self._busy, True
            try:
                head = self._line.find_head()
                wait = math.inf if head is None else self._count_seconds(head, now)
            finally:
                self._busy = within
        if self._returned:
            self._serve(now)
        return None if wait == math.inf else now + wait

    def place_in(self, tokens: float, now: float) -> float:
        """Seconds after which an attempt of so many tokens that comes now, behind those in line, is likely to begin."""
        with self._lock:
            ahead = self._line.waiting
            wait = max(0.0, self._held_until - now)
            if self._requests is not None:
                wait = max(wait, self._requests.seconds_for(ahead + 1, now))
            if self._tokens is not None:
                wait = max(wait, self._tokens.seconds_for(self._line.asked + self._count_tokens(tokens), now))
            most = self.limits.concurrency
            if most is not None and len(self._flying) + ahead >= most:
                wait = max(wait, self._stay * ((len(self._flying) + ahead) // most))
            return wait

    def _look(self, ticket: Ticket, now: float) -> float:
        """Let ``ticket`` in, or into the line; less than 0 if it may not stand there."""
        ticket.look()
        if ticket in self._flying:
            return 0.0
        head = self._line.find_head()
        wait = self._count_seconds(ticket, now) if head is None or head is ticket else math.inf
        if wait == 0.0:
            self._let_in(ticket, now)
            return 0.0
        since = ticket.since if ticket.line is self._line else now
        left = since + self.limits.max_wait - now if self.limits.on_limit == "wait" else 0.0
        if left <= _AT_ONCE:
            self._line.leave(ticket)
            return -1.0
        self._line.join(ticket, self._count_tokens(ticket.tokens), now)
        ticket.told = now + wait
        return min(wait, left)

    def _serve(self, now: float) -> None:
        """Take back the tickets that were released, and wake whoever may begin by it.

        A finalizer or a signal handler may release in the middle of a step of its own thread, which the lock lets in:
        it leaves the ticket to that step.
        """
        again = True
        while again:
            with self._lock:
                if self._busy:
                    return
                self._busy = True
                try:
                    while self._returned:
                        self._take_back(*self._returned.popleft())
                    due = self._find_due(now)
                finally:
                    self._busy = False
            if due is not None:
                self._wake(due, now)
            again = bool(self._returned)

    def _take_back(self, ticket: Ticket, now: float, used: float, sent: bool) -> None:
        if ticket in self._flying:
            self._flying.discard(ticket)
            self._settle(ticket, now, used, sent)
        self._line.leave(ticket)

    def _wake(self, ticket: Ticket, now: float) -> None:
        """Wake ``ticket``; one that cannot be woken, because its event loop is closed, leaves the line to the next."""
        try:
            ticket.wake()
        except Exception:
            self._returned.append((ticket, now, 0, False))

    def _count_seconds(self, ticket: Ticket, now: float) -> float:
        """Seconds until ``ticket`` may begin if it is the first; infinite if that depends on others."""
        most = self.limits.concurrency
        if most is not None and len(self._flying) >= most:
            return math.inf
        wait = self._held_until - now
        if self._requests is not None:
            wait = max(wait, self._requests.wait(1, now))
        if self._tokens is not None:
            wait = max(wait, self._tokens.wait(self._count_tokens(ticket.tokens), now))
        return wait if wait > _AT_ONCE else 0.0

    def _count_tokens(self, tokens: float) -> float:
        """What an attempt takes of its estimate: no more than a bucket full, or it would keep all others out."""
        return 0.0 if self._tokens is None or not tokens > 0 else min(tokens, self._tokens.capacity)

    def _let_in(self, ticket: Ticket, now: float) -> None:
        ticket.admitted = now
        ticket.taken = 0.0
        self._flying.add(ticket)
        self._line.leave(ticket)
        if self._requests is not None:
            self._requests.take(1, now)
        if self._tokens is not None:
            tokens = self._count_tokens(ticket.tokens)
            self._tokens.take(tokens, now)
            ticket.taken = tokens

    def _settle(self, ticket: Ticket, now: float, used: float, sent: bool) -> None:
        if sent:
            stay = now - ticket.admitted - self._stay
            self._stay += stay * 0.2
        elif self._requests is not None:
            self._requests.give_back(1)
        if self._tokens is not None and 0 <= used < _MOST_TOKENS:
            self._tokens.settle(ticket.taken, used, now)

    def _find_due(self, now: float) -> Ticket | None:
        """The first in line, if it may begin sooner than it knows."""
        head = self._line.find_head()
        if head is not None and now + self._count_seconds(head, now) < head.told - _AT_ONCE:
            return head
        return None


def _build_buckets(limits: Limits) -> tuple[TokenBucket | None, TokenBucket | None]:
    """Those of requests and of tokens."""
    requests = TokenBucket(limits.rpm, limits.burst) if limits.rpm is not None else None
    return requests, TokenBucket(limits.tpm) if limits.tpm is not None else None
