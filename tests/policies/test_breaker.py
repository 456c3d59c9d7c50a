"""A circuit breaker opens, tries and closes as a slow model of one that remembers everything."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from modelhub import errors
from modelhub.policies.breaker import Breaker, Outcome, Passage, Thresholds, judge_attempt

OUTCOMES = st.sampled_from(["answered", "failed", "failed", "refused", "dropped"])


class Transitions(RuleBasedStateMachine):
    """Attempts that begin and end in any order, beside a model whose history is never thrown away."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Thresholds(failures=3, ratio=0.5, window=10, cooldown=4)
        self.breaker = Breaker(self.limits)
        self.now = 0.0
        self.state = "closed"
        self.until = 0.0
        self.since = 0  # the step of the last opening or closing
        self.steps = 0
        self.history: list[tuple[int, float, str]] = []
        self.begun: list[tuple[Passage, int]] = []
        self.probe: Passage | None = None

    def look(self) -> str:
        if self.state == "open" and self.now >= self.until:
            self.state = "half-open"
        return self.state

    def change(self, state: str) -> None:
        self.state, self.since, self.probe = state, self.steps, None
        self.until = self.now + self.limits.cooldown

    @rule(quarters=st.integers(1, 24))
    def pass_time(self, quarters: int) -> None:
        self.now += quarters / 4

    @rule()
    def begin(self) -> None:
        self.steps += 1
        state = self.look()
        if state == "open" or (state == "half-open" and self.probe is not None):
            with pytest.raises(errors.CircuitOpenError) as caught:
                self.breaker.admit(self.now)
            assert caught.value.retry_after == (self.until - self.now if state == "open" else 0)
            assert caught.value.retryable is False
            return
        passage = self.breaker.admit(self.now)
        self.begun.append((passage, self.steps))
        if state == "half-open":
            self.probe = passage

    @precondition(lambda self: self.begun)
    @rule(data=st.data(), outcome=OUTCOMES)
    def end(self, data: st.DataObject, outcome: Outcome) -> None:
        self.steps += 1
        passage, began = self.begun.pop(data.draw(st.integers(0, len(self.begun) - 1)))
        self.breaker.settle(passage, self.now, outcome)
        self.breaker.settle(passage, self.now, "failed")  # twice says nothing
        state = self.look()
        if passage is self.probe:
            self.probe = None
            if outcome in ("answered", "failed"):
                self.change("closed" if outcome == "answered" else "open")
        elif state == "closed" and began > self.since and outcome != "dropped":
            self.history.append((self.steps, self.now, outcome))
            counted = [
                what for step, at, what in self.history if step > self.since and self.now - at <= self.limits.window
            ]
            failed = counted.count("failed")
            if outcome == "failed" and failed >= self.limits.failures and failed >= self.limits.ratio * len(counted):
                self.change("open")

    @invariant()
    def it_stands_as_the_model(self) -> None:
        state = self.look()
        assert self.breaker.state(self.now) == state
        refused = self.until - self.now if state == "open" else 0 if self.probe is not None else None
        assert self.breaker.refuses_for(self.now) == refused


TestTransitions = Transitions.TestCase
TestTransitions.settings = settings(max_examples=150, stateful_step_count=60)


def play(breaker: Breaker, outcomes: str, now: float = 0.0) -> None:
    names: Mapping[str, Outcome] = {"a": "answered", "f": "failed", "r": "refused", "d": "dropped"}
    for letter in outcomes:
        breaker.settle(breaker.admit(now), now, names[letter])


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("ffff", "closed"),
        ("fffff", "open"),
        ("fafafafaf", "open"),  # successes between failures do not reset the count
        ("aaaaaaffffff", "open"),
        ("aaaaaafffff", "closed"),  # five of eleven are less than half
        ("rrrrrrrrrr", "closed"),
        ("ffffrrrr", "closed"),
        ("rrrrfffff", "open"),
        ("dddddddddfffff", "open"),
        ("ffffddddddddd", "closed"),
    ],
)
def test_what_opens_it(outcomes: str, state: str) -> None:
    breaker = Breaker()
    play(breaker, outcomes)
    assert breaker.state(0.0) == state


def test_a_life() -> None:
    breaker = Breaker(Thresholds(failures=2, cooldown=10))
    play(breaker, "ff")
    with pytest.raises(errors.CircuitOpenError, match=r"tried again in 7 s") as caught:
        breaker.admit(3.0)
    assert caught.value.retry_after == 7
    for outcome in ("dropped", "refused"):
        probe = breaker.admit(10.0)
        with pytest.raises(errors.CircuitOpenError, match="another call is trying it"):
            breaker.admit(10.0)
        breaker.settle(probe, 10.0, outcome)  # type: ignore[arg-type]  # from a tuple of str
    probe = breaker.admit(11.0)
    del probe  # nobody has it any more
    breaker.settle(breaker.admit(12.0), 13.0, "failed")
    assert breaker.refuses_for(22.0) == 1
    breaker.settle(breaker.admit(23.0), 24.0, "answered")
    assert breaker.state(24.0) == "closed"
    play(breaker, "f", 24.0)
    assert breaker.state(24.0) == "closed", "closing forgets what was"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "answered"),
        (errors.ServerError("x", status=503), "failed"),
        (errors.TimeoutError("x"), "failed"),
        (errors.ConnectionError("x"), "failed"),
        (errors.StreamInterruptedError("x"), "failed"),
        (errors.ResponseParsingError("x", status=200), "answered"),
        (errors.ResponseParsingError("x"), "answered"),
        (errors.BadRequestError("x", status=400), "refused"),
        (errors.AuthenticationError("x", status=401), "refused"),
        (errors.RateLimitError("x", status=429), "refused"),
        (errors.QuotaExceededError("x", status=200), "refused"),
        (errors.BadRequestError("x"), "dropped"),
        (errors.RateLimitError("x", code="local_limit"), "dropped"),
        (errors.CircuitOpenError("x"), "dropped"),
        (GeneratorExit(), "dropped"),
        (KeyboardInterrupt(), "dropped"),
        (ValueError("x"), "dropped"),
    ],
    ids=repr,
)
def test_what_an_end_says(error: BaseException | None, outcome: str) -> None:
    assert judge_attempt(error) == outcome


def test_settings() -> None:
    assert Thresholds() == Thresholds(failures=5, ratio=0.5, window=30, cooldown=15)


def test_one_of_many_threads_tries() -> None:
    breaker, admitted, barrier = Breaker(Thresholds(failures=1)), [], threading.Barrier(8)
    play(breaker, "f")

    def ask() -> None:
        barrier.wait()
        try:
            admitted.append(breaker.admit(20.0))
        except errors.CircuitOpenError:
            return

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_tries_by_itself() -> None:
    breaker = Breaker(Thresholds(failures=1))
    play(breaker, "f")
    probe = breaker.admit(20.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        os._exit(0 if breaker.refuses_for(20.0) is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert breaker.refuses_for(20.0) == 0
    breaker.settle(probe, 20.0, "answered")
    assert breaker.state(20.0) == "closed"


def test_only_a_failure_opens_it() -> None:
    breaker = Breaker()
    play(breaker, "aaaaaa")
    play(breaker, "fffff", 20.0)
    play(breaker, "aar", 35.0)  # the first answers are out of the window: five of eight
    assert breaker.state(35.0) == "closed"
    play(breaker, "f", 35.0)
    assert breaker.state(35.0) == "open"
