"""A limiter lets in what a slow model of one lets in, at the same moments; only those look again whom it wakes."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from modelhub import errors
from modelhub.policies.limiter import Limiter
from modelhub.policies.limits import Limits
from modelhub.policies.tickets import Ticket


@dataclass(eq=False)
class Caller:
    """Somebody who has an attempt to make, and looks again when woken or when the time has come."""

    ticket: Ticket
    tokens: int
    since: Fraction
    look_at: float = -math.inf
    listens: bool = False
    woken: bool = False
    state: str = "new"

    def wake(self) -> None:
        self.woken = True


@dataclass
class Level:
    """A bucket in exact numbers."""

    per_minute: int | None
    burst: int | None = None
    at: Fraction = Fraction(0)
    capacity: Fraction = field(init=False)
    level: Fraction = field(init=False)

    def __post_init__(self) -> None:
        self.capacity = Fraction(min(self.per_minute or 0, self.burst or 10**9))
        self.level = self.capacity

    def look(self, now: Fraction) -> Fraction:
        self.level = min(self.capacity, self.level + (now - self.at) * Fraction(self.per_minute or 0, 60))
        self.at = now
        return self.level

    def has(self, amount: int, now: Fraction) -> bool:
        return self.per_minute is None or self.look(now) >= min(amount, self.capacity)

    def add(self, amount: Fraction, now: Fraction) -> None:
        if self.per_minute is not None:
            self.level = min(self.capacity, self.look(now) + amount)


# All rates are such that floats hold every moment exactly.
LIMITS = st.builds(
    Limits,
    concurrency=st.none() | st.integers(1, 3),
    rpm=st.sampled_from([None, 30, 60, 240]),
    tpm=st.sampled_from([None, 60, 480]),
    burst=st.none() | st.integers(1, 4),
    on_limit=st.sampled_from(["wait", "wait", "wait", "fail"]),
    max_wait=st.sampled_from([0.0, 7.25, 60.0, 1024.0]),
)


class World(RuleBasedStateMachine):
    """Callers at a limiter; those whom it does not wake, and whose time has not come, never look again."""

    callers: list[Caller]

    @initialize(limits=LIMITS)
    def open(self, limits: Limits) -> None:
        self.limits = limits
        self.limiter = Limiter(limits)
        self.now = Fraction(0)
        self.callers = []
        self.requests = Level(limits.rpm and int(limits.rpm), limits.burst)
        self.tokens = Level(limits.tpm and int(limits.tpm))
        self.held_until = Fraction(0)
        self.expected: dict[int, str] = {}  # what the slow model says of each caller
        self.flying: list[Caller] = []
        self.line: list[Caller] = []

    def look(self, caller: Caller) -> None:
        caller.woken = False
        try:
            wait = self.limiter.admit(caller.ticket, float(self.now))
        except errors.RateLimitError as error:
            assert (error.code, error.retryable, error.status) == ("local_limit", False, None)
            assert error.retry_after is not None and 0 <= error.retry_after < math.inf
            caller.state = "refused"
            return
        caller.state = "waits" if wait else "flies"
        caller.look_at = float(self.now) + wait
        if wait and not caller.listens:
            caller.listens = True
            caller.ticket.listen(caller.wake)

    def settle_world(self) -> None:
        """Let all look whom the limiter has woken or whose time has come, until nobody wants to any more."""
        looking = True
        while looking:
            looking = False
            for caller in self.callers:
                if caller.state == "waits" and (caller.woken or caller.look_at <= self.now):
                    self.look(caller)
                    looking = True

    def may_begin(self, caller: Caller) -> bool:
        most = self.limits.concurrency
        free = most is None or len(self.flying) < most
        has = self.requests.has(1, self.now) and self.tokens.has(caller.tokens, self.now)
        return free and has and self.now >= self.held_until

    def taken(self, caller: Caller) -> int:
        return min(caller.tokens, int(self.limits.tpm or 0))

    def settle_model(self) -> None:
        """The slow model: the first in line begins as soon as it may; who has waited too long goes."""
        while self.line and self.may_begin(self.line[0]):
            caller = self.line.pop(0)
            self.flying.append(caller)
            self.requests.add(Fraction(-1), self.now)
            self.tokens.add(Fraction(-self.taken(caller)), self.now)
            self.expected[id(caller)] = "flies"
        longest = Fraction(self.limits.max_wait) if self.limits.on_limit == "wait" else Fraction(0)
        for caller in list(self.line):
            if self.now - caller.since >= longest:
                self.line.remove(caller)
                self.expected[id(caller)] = "refused"
                self.settle_model()
                return

    def settle(self) -> None:
        self.settle_world()
        self.settle_model()

    @rule(tokens=st.integers(0, 90))
    def arrive(self, tokens: int) -> None:
        caller = Caller(Ticket(tokens), tokens, self.now)
        self.callers.append(caller)
        self.line.append(caller)
        self.expected[id(caller)] = "waits"
        self.look(caller)
        self.settle()

    @precondition(lambda self: any(caller.state in ("refused", "over") for caller in self.callers))
    @rule(data=st.data())
    def come_again(self, data: st.DataObject) -> None:
        """A ticket that has been used before is like a new one, and last in line."""
        gone = [caller for caller in self.callers if caller.state in ("refused", "over")]
        caller = data.draw(st.sampled_from(gone))
        self.callers.remove(caller)
        self.callers.append(caller)
        self.line.append(caller)
        caller.since = self.now
        self.expected[id(caller)] = "waits"
        self.look(caller)
        self.settle()

    @rule(parts=st.integers(1, 640))
    def pass_time(self, parts: int) -> None:
        """Time passes from one moment that somebody waits for to the next."""
        end = self.now + Fraction(parts, 64)
        while True:
            due = [
                Fraction(caller.look_at) for caller in self.callers if caller.state == "waits" and caller.look_at <= end
            ]
            if not due:
                break
            self.now = max(self.now, min(due))
            self.settle()
        self.now = end
        self.settle()

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), used=st.integers(0, 120) | st.just(0), sent=st.booleans())
    def finish(self, data: st.DataObject, used: int, sent: bool) -> None:
        caller = data.draw(st.sampled_from(self.flying))
        self.flying.remove(caller)
        self.expected[id(caller)] = caller.state = "over"
        used = used if sent else 0
        self.tokens.add(Fraction(self.taken(caller) - used), self.now)
        if not sent:
            self.requests.add(Fraction(1), self.now)
        for _ in range(2):  # twice does no harm
            self.limiter.release(caller.ticket, float(self.now), used, sent)
        self.settle()

    @precondition(lambda self: self.line)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(self.line))
        self.line.remove(caller)
        self.expected[id(caller)] = caller.state = "over"
        self.limiter.release(caller.ticket, float(self.now))
        self.settle()

    @precondition(lambda self: self.callers)
    @rule(data=st.data())
    def look_in_vain(self, data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(self.callers))
        if caller.state in ("waits", "flies"):
            self.look(caller)
        self.settle()

    @rule(parts=st.integers(-64, 640))
    def hold(self, parts: int) -> None:
        until = self.now + Fraction(parts, 64)
        self.held_until = max(self.held_until, until)
        self.limiter.hold(float(until))
        self.settle()

    @invariant()
    def all_are_where_the_model_has_them(self) -> None:
        assert [caller.state for caller in self.callers] == [self.expected[id(caller)] for caller in self.callers]
        assert (self.limiter.under_way, self.limiter.waiting) == (len(self.flying), len(self.line))
        assert self.limits.concurrency is None or len(self.flying) <= self.limits.concurrency
        if not self.line:
            assert self.limiter.next_wake(float(self.now)) is None

    def teardown(self) -> None:
        """Nobody is forgotten: when all end, each in line has had its turn, or has waited as long as it may."""
        if not hasattr(self, "limiter"):
            return
        for _ in range(10 * len(self.callers)):
            if not (self.line or self.flying):
                break
            while self.flying:
                caller = self.flying.pop()
                self.expected[id(caller)] = caller.state = "over"
                self.tokens.add(Fraction(self.taken(caller)), self.now)
                self.limiter.release(caller.ticket, float(self.now))
                self.settle()
            if self.line:
                wake = self.limiter.next_wake(float(self.now))
                assert wake is not None, "a line without anybody under way waits for a moment"
                looks = [caller.look_at for caller in self.callers if caller.state == "waits"]
                assert wake >= min(looks)
                self.now = Fraction(min(looks))
                self.settle()
        assert not self.line
        self.all_are_where_the_model_has_them()


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=250, stateful_step_count=50)


def test_a_long_run_never_exceeds_a_limit() -> None:
    limits = Limits(concurrency=7, rpm=30_000, tpm=9_000_000, burst=40, max_wait=0.09)
    limiter, dice, now = Limiter(limits), random.Random(13), 1e6
    flying: list[Ticket] = []
    waiting: dict[Ticket, float] = {}
    woken: list[Ticket] = []
    requests, tokens, steps, admitted, refused = 40.0, 9_000_000.0, 0, 0, 0
    order: list[int] = []
    numbers: dict[Ticket, int] = {}

    def look(ticket: Ticket) -> None:
        nonlocal requests, tokens, steps, admitted, refused
        steps += 1
        try:
            wait = limiter.admit(ticket, now)
        except errors.RateLimitError:
            waiting.pop(ticket, None)
            refused += 1
            return
        if wait:
            waiting[ticket] = now + wait
            return
        waiting.pop(ticket, None)
        admitted += 1
        order.append(numbers[ticket])
        flying.append(ticket)
        requests -= 1
        tokens -= ticket.tokens
        assert len(flying) <= 7 and requests >= -0.01 and tokens >= -10, "more than allowed"

    while steps < 200_000:
        chance = dice.random()
        if woken:
            ticket = woken.pop()
            if ticket in waiting:
                look(ticket)
        elif chance < 0.45:
            if len(waiting) < 50:
                ticket = Ticket(dice.randrange(20_000))
                numbers[ticket] = len(numbers)
                ticket.listen(lambda ticket=ticket: woken.append(ticket))  # type: ignore[misc]  # bound early
                look(ticket)
        elif chance < 0.8 and flying:
            ticket = flying.pop(dice.randrange(len(flying)))
            used = dice.randrange(int(ticket.tokens) + 1)
            limiter.release(ticket, now, used)
            steps += 1
            tokens = min(9_000_000.0, tokens + ticket.tokens - used)
        elif 0.8 <= chance < 0.82 and waiting:
            ticket = next(iter(waiting))
            del waiting[ticket]
            limiter.release(ticket, now)
            steps += 1
        else:
            pause = dice.expovariate(50)
            due = min(waiting.values(), default=math.inf)
            pause = max(0.0, min(pause, due - now))
            now += pause
            requests = min(40.0, requests + pause * 500)
            tokens = min(9_000_000.0, tokens + pause * 150_000)
            for ticket in [ticket for ticket, at in waiting.items() if at <= now]:
                look(ticket)
    assert order == sorted(order), "first come, first served"
    assert admitted > 20_000 and refused > 200
    assert limiter.under_way == len(flying) and limiter.waiting == len(waiting)
