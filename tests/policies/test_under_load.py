"""Calls of one model by the thousand, through the engine itself on a virtual clock: no limit is ever exceeded.

MODELHUB_STEPS says how many steps of the engine are made; a million takes about a minute.
"""

from __future__ import annotations

import bisect
import os
import random
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.policies.breaker import Breaker, Thresholds
from modelhub.wire import Request

from .simulation import SimulatedDrivers, Simulation, answer, refuse

STEPS = int(os.environ.get("MODELHUB_STEPS", "30000"))
CONFIG = {"config_name": "m", "model_type": "openai_chat", "api_key": "k", "client_args": {"base_url": "http://x"}}
SIZE = 2000  # calls of one simulation


def build(drivers: SimulatedDrivers, **config: Any) -> Any:
    model = ModelRegistry({**CONFIG, **config}).get_model("m")
    model.drivers = drivers
    return model


def count_most(sent: list[float], window: float) -> int:
    """The most requests that were sent within ``window`` seconds."""
    return max((n + 1 - bisect.bisect_left(sent, at - window) for n, at in enumerate(sent)), default=0)


@pytest.mark.parametrize("seed", range(3))
def test_no_limit_is_exceeded(seed: int) -> None:
    dice, steps = random.Random(seed), 0
    while steps < STEPS / 3:
        concurrency = dice.choice([1, 3, 8, 40])
        rpm, burst = dice.choice([(60, 1), (600, 10), (6000, 100), (600, 600)])
        limits = {"concurrency": concurrency, "rpm": rpm, "burst": burst, "max_wait": dice.choice([0.5, 20, 1e6])}
        drivers = SimulatedDrivers()
        model = build(drivers, limits=limits, retry={"max_attempts": 3, "initial": 0.1})

        def serve(request: Request, dice: random.Random = dice) -> tuple[float, Any]:
            kind = dice.random()
            if kind < 0.05:
                return dice.random(), refuse(429, retry_after=str(dice.choice([0, 1, 2])))
            if kind < 0.1:
                return dice.random(), refuse(500)
            if kind < 0.12:
                return dice.random(), errors.ConnectionError("lost")
            return dice.expovariate(2), answer()

        simulation = Simulation(drivers, serve)
        at = 0.0
        for _ in range(SIZE):
            at += dice.expovariate(rpm / 40)
            simulation.start(model.flow(("hi",), {}), at)
        simulation.run(STEPS)
        steps += simulation.steps
        assert 0 < simulation.most_in_flight <= concurrency
        for window in (0.1, 1, 10, 60):
            assert count_most(simulation.sent, window) <= min(burst, rpm) + rpm / 60 * window + 1
        if simulation.steps < STEPS:
            assert len(simulation.outcomes) == SIZE
            assert (model.home.guards.limiter.under_way, model.home.guards.limiter.waiting) == (0, 0)


def test_tokens_are_settled() -> None:
    dice, drivers = random.Random(5), SimulatedDrivers()
    model = build(drivers, limits={"tpm": 6000, "max_wait": 1e6})
    used: list[tuple[float, int]] = []

    def serve(request: Request) -> tuple[float, Any]:
        tokens = dice.randint(1, 200)
        used.append((drivers.virtual.now, tokens))
        return dice.random(), answer(tokens)

    simulation = Simulation(drivers, serve)
    for n in range(1000):
        simulation.start(model.flow(("hi",), {"max_tokens": 200}), n * 0.5)
    simulation.run(10**9)
    assert len(used) == 1000
    span = used[-1][0] - used[0][0]
    assert sum(tokens for _, tokens in used) <= 6000 + 6000 / 60 * span + 40 * 200  # those under way are an estimate
    assert sum(tokens for _, tokens in used) > 0.7 * 6000 / 60 * span  # what was not used went back


WAITS = ["7", "3", "11", None, "2"]


def test_each_pause_is_what_the_latest_error_asks(exact_pauses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script of a server that asks for another pause each time, as a proxy under load does."""
    monkeypatch.setattr("modelhub.policies.retry.random.random", lambda: 0.0)
    drivers, script = SimulatedDrivers(), iter(WAITS)
    model = build(drivers, retry={"max_attempts": 6, "initial": 0.5, "max": 60})

    def serve(request: Request) -> tuple[float, Any]:
        if (asked := next(script, "")) == "":
            return 0.0, answer()
        return 0.0, refuse(429, **({"retry_after": asked} if asked else {}))

    simulation = Simulation(drivers, serve)
    simulation.start(model.flow(("hi",), {}), 0.0)
    simulation.run(100)
    pauses = [after - before for before, after in zip(simulation.sent, simulation.sent[1:], strict=False)]
    assert pauses == [7, 3, 11, 4, 2]  # without a word of the server: the backoff of that repeat
    assert simulation.outcomes[0].text == "ok"
    assert [round(attempt.waited, 9) for attempt in simulation.outcomes[0].trail] == [0, *pauses]


class Reference:
    """A circuit breaker in the plainest words: lists of moments, looked through each time."""

    def __init__(self, limits: Thresholds) -> None:
        self.limits = limits
        self.ended: list[tuple[float, bool]] = []
        self.open_until: float | None = None
        self.probing = False

    def admits(self, now: float) -> bool:
        if self.open_until is None:
            return True
        return now >= self.open_until and not self.probing

    def end(self, now: float, failed: bool, counts: bool, probe: bool) -> None:
        if probe:
            self.probing = False
            if counts and failed:
                self.open_until = now + self.limits.cooldown
            elif counts:
                self.open_until, self.ended = None, []
            return
        if self.open_until is not None:
            return
        self.ended.append((now, failed))
        inside = [failed for at, failed in self.ended if now - at <= self.limits.window]
        if failed and sum(inside) >= self.limits.failures and sum(inside) / len(inside) >= self.limits.ratio:
            self.open_until, self.ended = now + self.limits.cooldown, []


@pytest.mark.parametrize("seed", range(5))
def test_the_breaker_is_the_reference(seed: int) -> None:
    dice, drivers = random.Random(seed), SimulatedDrivers()
    said = {"failures": dice.randint(1, 5), "ratio": dice.choice([0.2, 0.5, 1]), "window": 5, "cooldown": 3}
    model = build(drivers, circuit_breaker=said, retry={"max_attempts": 1})
    reference = Reference(Thresholds(**said))
    sick = False
    for _ in range(STEPS // 20):
        now = drivers.virtual.now
        admits, probe = reference.admits(now), reference.open_until is not None
        assert model.is_refusing() is not admits
        status = dice.choice([500, 503]) if dice.random() < (0.9 if sick else 0.1) else dice.choice([200, 200, 400])
        reply = answer() if status == 200 else refuse(status)
        simulation = Simulation(drivers, lambda request, reply=reply: (0.0, reply))  # type: ignore[misc]
        simulation.start(model.flow(("hi",), {}), now)
        if probe and admits:
            reference.probing = True
        simulation.run(10)
        (outcome,) = simulation.outcomes
        assert isinstance(outcome, errors.CircuitOpenError) is not admits
        if admits:
            reference.end(now, status >= 500, probe is False or status != 400, probe)
        drivers.virtual.advance(dice.random())
        sick = dice.random() < 0.05 if not sick else dice.random() < 0.9
    assert isinstance(model.home.guards.breaker, Breaker)
