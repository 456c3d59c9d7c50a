"""A level is run as it says, call by call, in time that passes only when the test waits."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import islice, pairwise
from statistics import fmean

import pytest

from modelhub.errors import RateLimitError
from modelhub.load.asking import Answer
from modelhub.load.percentiles import summarize
from modelhub.load.plan import Level, draw_arrivals
from modelhub.load.report import build_level
from modelhub.load.running import Ask, Measured, run_level
from modelhub.load.sample import UNFINISHED

from .virtual import run

CLOSED = Level("m", "closed", 1, requests=100, seconds=1000)
OPEN = replace(CLOSED, mode="open", size=50)


def answers_in(seconds: float) -> Ask:
    async def ask(number: int) -> Answer:
        await asyncio.sleep(seconds)
        return Answer()

    return ask


class Server:
    """It answers in 10 ms, and stops for all once, from second 1 to second 2."""

    def __init__(self) -> None:
        self._began: float | None = None

    async def ask(self, number: int) -> Answer:
        loop = asyncio.get_running_loop()
        self._began = self._began if self._began is not None else loop.time()
        now = loop.time() - self._began
        await asyncio.sleep(2.01 - now if 1 <= now < 2 else 0.01)
        return Answer()


def test_an_open_loop_shows_a_stall_that_a_closed_one_hides() -> None:
    closed = run(run_level(replace(CLOSED, requests=400), Server().ask))
    opened = run(run_level(replace(OPEN, requests=400, size=100), Server().ask))
    hidden, shown = (summarize(sample.seconds for sample in each.samples) for each in (closed, opened))
    assert hidden["p99"] == pytest.approx(0.01)  # one call in 400 has met it
    assert sum(sample.seconds > 0.1 for sample in closed.samples) == 1
    # Of four seconds of arrivals, one is in the stall, in which a call waits half a second on average.
    assert sum(sample.seconds > 0.1 for sample in opened.samples) == pytest.approx(90, abs=30)
    assert shown["p90"] is not None and shown["p90"] > 0.4
    assert shown["p99"] is not None and shown["p99"] > 0.9


def test_callers_of_a_closed_loop_wait_for_their_answers() -> None:
    most, now = 0, 0

    async def ask(number: int) -> Answer:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.5)
        now -= 1
        return Answer()

    measured = run(run_level(replace(CLOSED, size=4, requests=10), ask))
    assert most == 4
    assert len(measured.samples) == 10
    assert measured.seconds == pytest.approx(1.5)
    assert [sample.intended for sample in measured.samples] == pytest.approx([0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1])
    assert all(sample.start == sample.intended for sample in measured.samples)


def test_arrivals_do_not_wait_and_are_the_same_for_the_same_seed() -> None:
    measured = run(run_level(OPEN, answers_in(30)))
    due = list(islice(draw_arrivals(50, 0), 100))
    assert [sample.intended for sample in measured.samples] == pytest.approx(due, abs=1e-6)
    assert [sample.seconds for sample in measured.samples] == pytest.approx([30] * 100)
    assert due != list(islice(draw_arrivals(50, 1), 100))
    assert fmean(b - a for a, b in pairwise(due)) == pytest.approx(1 / 50, rel=0.25)


def test_latency_counts_from_when_a_call_was_to_start() -> None:
    async def ask(number: int) -> Answer:
        loop = asyncio.get_running_loop()
        if number == 0:
            loop.now += 5  # type: ignore[attr-defined]  # this process itself stands still
        answer = Answer(first=loop.time() + 0.25)
        await asyncio.sleep(0.5)
        return answer

    first, second = run(run_level(replace(OPEN, requests=2), ask)).samples
    assert (first.start, first.seconds) == pytest.approx((first.intended, 5.5))
    assert second.start == pytest.approx(first.intended + 5)
    assert second.seconds == pytest.approx(second.start - second.intended + 0.5)
    assert second.ttft == pytest.approx(second.seconds - 0.25)


@pytest.mark.parametrize("level", [CLOSED, replace(OPEN, size=2)], ids=["closed", "open"])
def test_no_call_starts_after_the_time_is_over(level: Level) -> None:
    measured = run(run_level(replace(level, requests=10**9, seconds=10), answers_in(0.5)))
    assert all(sample.start < 10 for sample in measured.samples)
    assert measured.seconds + 1 >= 10 and measured.seconds <= 10.5
    assert len(measured.samples) == 20 if level is CLOSED else 10 < len(measured.samples) < 35


@pytest.mark.parametrize("level", [replace(CLOSED, size=3), replace(OPEN, size=5)], ids=["closed", "open"])
def test_calls_without_an_answer_count_as_failed(level: Level) -> None:
    async def ask(number: int) -> Answer:
        await asyncio.sleep(1 if number == 0 else 10_000)
        return Answer()

    measured = run(run_level(replace(level, requests=6, seconds=60, grace=5), ask))
    level_told = build_level(measured)
    assert measured.seconds == pytest.approx(65)
    assert level_told["errors"] == {UNFINISHED: 3 if level.mode == "closed" else 5}
    assert level_told["latency"]["max"] == pytest.approx(1)
    assert not measured.interrupted


def test_calls_that_fail_are_counted_by_class_and_not_timed() -> None:
    async def ask(number: int) -> Answer:
        if number % 3 == 1:
            raise RateLimitError("slow down")
        if number % 3 == 2:
            raise KeyError("x")
        await asyncio.sleep(2)
        return Answer()

    told = build_level(run(run_level(replace(CLOSED, requests=9), ask)))
    assert told["requests"] == 9
    assert told["errors"] == {"RateLimitError": 3, "KeyError": 3}
    assert told["latency"]["mean"] == told["latency"]["max"] == 2
    assert [call["error"] for call in told["calls"]][:3] == [None, "RateLimitError", "KeyError"]


def test_calls_that_fail_at_once_do_not_keep_the_time_from_ending() -> None:
    async def ask(number: int) -> Answer:
        if number == 50:
            asyncio.get_running_loop().now += 100  # type: ignore[attr-defined]
        raise RateLimitError("no")

    assert len(run(run_level(replace(CLOSED, requests=10**9, seconds=10), ask)).samples) == 51


def interrupt_after(seconds: float, level: Level, ask: Callable[[int], Awaitable[Answer]]) -> Measured:
    async def main() -> Measured:
        task = asyncio.ensure_future(run_level(level, ask))
        asyncio.get_running_loop().call_later(seconds, task.cancel)
        return await task

    measured = run(main())
    assert isinstance(measured, Measured)
    return measured


@pytest.mark.parametrize("level", [replace(CLOSED, size=3), replace(OPEN, size=5)], ids=["closed", "open"])
def test_an_interrupted_level_has_what_there_is(level: Level) -> None:
    measured = interrupt_after(10.25, level, answers_in(0.5))
    assert measured.interrupted
    assert measured.seconds == pytest.approx(10.25)
    assert measured.under_way == 3 if level.mode == "closed" else measured.under_way >= 0
    assert len(measured.samples) == 60 if level.mode == "closed" else 30 < len(measured.samples) < 70
    assert all(sample.error is None for sample in measured.samples)


def test_progress_is_told_after_each_call() -> None:
    told: list[tuple[float, int]] = []
    run(run_level(replace(CLOSED, requests=4), answers_in(1), lambda share, calls: told.append((share, calls))))
    assert told == [(0.25, 1), (0.5, 2), (0.75, 3), (1.0, 4)]
    told.clear()
    run(
        run_level(
            replace(CLOSED, requests=100, seconds=2), answers_in(1), lambda share, calls: told.append((share, calls))
        )
    )
    assert told == [(0.5, 1), (1.0, 2)]


def test_gaps_are_kept_call_by_call() -> None:
    async def ask(number: int) -> Answer:
        loop = asyncio.get_running_loop()
        answer = Answer(loop.time() + 1, array("d", [1.0, 3.0]), 3)
        await asyncio.sleep(5)
        return answer

    told = build_level(run(run_level(replace(CLOSED, requests=2), ask)))
    assert told["ttft"]["mean"] == 1
    assert told["tpot"]["mean"] == 2
    assert (told["itl"]["mean"], told["itl"]["max"]) == (2, 3)
