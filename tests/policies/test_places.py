"""What becomes of places: in threads and event loops together, in finalizers, in dead loops, in forked processes."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from modelhub import errors
from modelhub.policies.limiter import Limiter
from modelhub.policies.limits import Limits
from modelhub.policies.tickets import Ticket


def let_in(limiter: Limiter, count: int, now: float = 0.0, tokens: float = 0) -> list[Ticket]:
    tickets = [Ticket(tokens) for _ in range(count)]
    for ticket in tickets:
        assert limiter.admit(ticket, now) == 0
    return tickets


def stand(limiter: Limiter, count: int, now: float = 0.0) -> tuple[list[Ticket], list[int]]:
    """Tickets in line, and the numbers of those that are woken."""
    tickets, woken = [Ticket() for _ in range(count)], []
    for number, ticket in enumerate(tickets):
        ticket.listen(lambda number=number: woken.append(number))  # type: ignore[misc]  # bound early
        assert limiter.admit(ticket, now) > 0
    return tickets, woken


def test_settings() -> None:
    assert Limits() == Limits(None, None, None, None, "wait", 60, None, "memory")


@pytest.mark.parametrize(
    ("limits", "admitted", "tokens", "retry_after"),
    [
        ({"rpm": 60}, 60, 0, 1),
        ({"rpm": 60, "burst": 2}, 2, 0, 1),
        ({"tpm": 600}, 6, 100, 10),
        ({"rpm": 60, "tpm": 600}, 6, 100, 10),
        ({"concurrency": 2}, 2, 0, 1),  # nobody knows yet how long an attempt takes
    ],
)
def test_a_refusal_says_when_to_come_again(
    limits: dict[str, Any], admitted: int, tokens: float, retry_after: float
) -> None:
    limiter = Limiter(Limits(**limits, on_limit="fail"))
    let_in(limiter, admitted, tokens=tokens)
    with pytest.raises(errors.RateLimitError, match="on_limit is fail") as caught:
        limiter.admit(Ticket(tokens), 0.0)
    assert caught.value.retry_after == pytest.approx(retry_after)
    assert (caught.value.code, caught.value.retryable, limiter.waiting) == ("local_limit", False, 0)
    assert limiter.place_in(tokens, 0.0) == caught.value.retry_after


def test_how_long_attempts_take_is_learnt() -> None:
    limiter = Limiter(Limits(concurrency=1))
    for second in range(0, 400, 8):
        (ticket,) = let_in(limiter, 1, second)
        limiter.release(ticket, second + 8)
    let_in(limiter, 1, 400.0)
    assert limiter.place_in(0, 400.0) == pytest.approx(8, abs=0.1)
    stand(limiter, 2, 400.0)
    assert limiter.place_in(0, 400.0) == pytest.approx(24, abs=0.1)


def test_who_has_waited_long_enough_goes() -> None:
    limiter = Limiter(Limits(concurrency=1, max_wait=5))
    let_in(limiter, 1)
    ticket = Ticket()
    assert limiter.admit(ticket, 1.0) == 5
    assert limiter.admit(ticket, 4.0) == 2
    with pytest.raises(errors.RateLimitError, match="waited 5 s in line"):
        limiter.admit(ticket, 6.0)
    assert limiter.waiting == 0
    assert limiter.admit(ticket, 6.0) == 5, "it may come again, and waits from then on"


def test_a_pause_that_the_server_asks_for_holds_all() -> None:
    limiter = Limiter(Limits(concurrency=2))
    limiter.hold(30.0)
    limiter.hold(20.0)
    limiter.hold(math.nan)
    limiter.hold(math.inf)
    first, second = Ticket(), Ticket()
    assert limiter.admit(first, 10.0) == 20
    assert limiter.admit(second, 10.0) == 60, "only the first in line has a time to wait for: this is max_wait"
    assert limiter.next_wake(10.0) == 30
    assert limiter.admit(first, 30.0) == limiter.admit(second, 30.0) == 0
    assert limiter.next_wake(30.0) is None


@pytest.mark.parametrize("used", [-1, math.nan, math.inf, 10**400, 1e15])
def test_a_reply_that_tells_nonsense_is_charged_with_the_estimate(used: float) -> None:
    limiter = Limiter(Limits(tpm=60))
    (ticket,) = let_in(limiter, 1, tokens=60)
    limiter.release(ticket, 0.0, used)
    assert limiter.under_way == 0
    assert limiter.admit(Ticket(10), 0.0) == pytest.approx(10)


@pytest.mark.parametrize("tokens", [0, -5, math.nan])
def test_an_estimate_of_nothing_takes_nothing(tokens: float) -> None:
    limiter = Limiter(Limits(tpm=60))
    let_in(limiter, 3, tokens=tokens)
    assert limiter.admit(Ticket(60), 0.0) == 0


def test_more_than_a_bucket_waits_for_a_full_one_and_is_charged_with_what_it_used() -> None:
    limiter = Limiter(Limits(tpm=60))
    small, large = Ticket(10), Ticket(10**9)
    assert limiter.admit(small, 0.0) == 0
    assert limiter.admit(large, 0.0) == pytest.approx(10)
    assert limiter.admit(large, 10.0) == 0
    limiter.release(large, 10.0, 90)
    assert limiter.admit(Ticket(1), 10.0) == pytest.approx(31)


def test_who_listens_late_has_missed_nothing() -> None:
    limiter, woken = Limiter(Limits(concurrency=1)), []
    (ticket,) = let_in(limiter, 1)
    late = Ticket()
    limiter.admit(late, 0.0)
    limiter.release(ticket, 0.0)
    late.listen(lambda: woken.append(1))
    assert woken == [1]
    assert limiter.admit(late, 0.0) == 0
    late.listen(lambda: woken.append(2))
    assert woken == [1]


def test_cancelled_ones_are_passed_over_in_no_time() -> None:
    limiter = Limiter(Limits(concurrency=1))
    (ticket,) = let_in(limiter, 1)
    line, woken = stand(limiter, 50_000)
    for other in line[:-1]:
        limiter.release(other, 0.0)
    limiter.release(ticket, 0.0)
    assert woken == [49_999]
    assert limiter.admit(line[-1], 0.0) == 0


def test_one_whose_loop_is_closed_holds_up_nobody() -> None:
    limiter = Limiter(Limits(concurrency=1))
    (ticket,) = let_in(limiter, 1)
    line, woken = stand(limiter, 3)
    loop = asyncio.new_event_loop()
    loop.close()
    for dead in line[:2]:
        dead.listen(lambda: loop.call_soon_threadsafe(print))
    limiter.release(ticket, 0.0)
    assert woken == [2] and limiter.waiting == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_has_all_places() -> None:
    limiter = Limiter(Limits(concurrency=1))
    (ticket,) = let_in(limiter, 1)
    line, woken = stand(limiter, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        free = limiter.under_way == limiter.waiting == 0 and limiter.admit(Ticket(), 0.0) == 0
        for old in (ticket, *line):
            limiter.release(old, 0.0)
        os._exit(0 if free and (limiter.under_way, limiter.waiting, woken) == (1, 0, []) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert (limiter.under_way, limiter.waiting) == (1, 2)


def inject(step: Callable[[], object], at: int, what: Callable[[], object]) -> bool:
    """Make ``step``, and ``what`` before its line number ``at``, as a finalizer comes; False if it has fewer lines."""
    count, before = 0, sys.gettrace()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.endswith(("limiter.py", "buckets.py", "tickets.py")):
            return None
        if event == "line":
            count += 1
            if count == at:
                sys.settrace(None)
                what()
                return None
        return trace

    sys.settrace(trace)
    try:
        step()
    finally:
        sys.settrace(before)
    return count >= at


STEPS = ["admit the first", "admit one more", "release", "cancel the first", "refuse"]
MEANWHILE = ["release", "release all", "cancel the first", "cancel the second"]


@pytest.mark.parametrize("length", [0, 1, 3])
@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("name", STEPS)
def test_a_finalizer_may_come_at_any_line(name: str, meanwhile: str, length: int) -> None:
    at, more = 0, True
    while more:
        at += 1
        limiter = Limiter(Limits(concurrency=3, rpm=6000, tpm=6000, max_wait=9))
        flying, extra = let_in(limiter, 3, tokens=10), Ticket()
        line, woken = stand(limiter, length)
        extra.listen(lambda woken=woken: woken.append(length))  # type: ignore[misc]  # bound early

        def make(what: str) -> None:
            first = line[0] if line else extra  # noqa: B023  # called in this round only
            with suppress(errors.RateLimitError):  # its place may have come at the last moment
                match what:
                    case "admit the first" | "refuse":
                        limiter.admit(first, 9.0 if what == "refuse" else 0.0)  # noqa: B023
                    case "admit one more":
                        limiter.admit(extra, 0.0)  # noqa: B023
                    case "release" | "release all":
                        for ticket in flying[:1] if what == "release" else flying:  # noqa: B023
                            limiter.release(ticket, 0.0, 4)  # noqa: B023
                    case _:
                        limiter.release(line[1] if what == "cancel the second" and length > 1 else first, 0.0)  # noqa: B023

        more = inject(lambda: make(name), at, lambda: make(meanwhile))
        moment = 9.0 if name == "refuse" else 0.0
        wake = limiter.next_wake(moment)
        everyone = [*line, extra]
        standing = [number for number, ticket in enumerate(everyone) if ticket.line is not None]
        assert len(standing) == limiter.waiting
        assert wake is None or standing[0] in woken, "whose turn it is must know"
        for ticket in [*flying, *everyone]:
            limiter.release(ticket, moment)
        assert (limiter.under_way, limiter.waiting) == (0, 0)
        assert limiter.admit(Ticket(6000), moment + 9) == 0
    assert at > 5


def test_threads_and_loops_share_one_line() -> None:
    limiter = Limiter(Limits(concurrency=3))
    flying, most, done = 0, 0, 0
    count = threading.Lock()

    def begin(change: int) -> None:
        nonlocal flying, most, done
        with count:
            flying += change
            most = max(most, flying)
            done += change > 0

    def block() -> None:
        for _ in range(60):
            ticket, woken = Ticket(), threading.Event()
            ticket.listen(woken.set)
            while wait := limiter.admit(ticket, time.monotonic()):
                assert woken.wait(min(wait, 30)), "never woken"
                woken.clear()
            begin(1)
            begin(-1)
            limiter.release(ticket, time.monotonic())

    async def await_one(cancelled: bool) -> None:
        ticket, woken, loop = Ticket(), asyncio.Event(), asyncio.get_running_loop()
        ticket.listen(lambda: loop.call_soon_threadsafe(woken.set))
        try:
            while wait := limiter.admit(ticket, time.monotonic()):
                if cancelled:
                    return
                await asyncio.wait_for(woken.wait(), min(wait, 30))
                woken.clear()
            begin(1)
            await asyncio.sleep(0)
            begin(-1)
        finally:
            limiter.release(ticket, time.monotonic())

    async def loop() -> None:
        await asyncio.gather(*(await_one(cancelled=number % 5 == 4) for number in range(60)))

    threads = [threading.Thread(target=block) for _ in range(4)]
    threads += [threading.Thread(target=lambda: asyncio.run(loop())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert (limiter.under_way, limiter.waiting) == (0, 0)
    assert most <= 3 and done >= 4 * 60 + 2 * 48
