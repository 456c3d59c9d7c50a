"""Plays a scenario: tells for each request, as it comes, what is to happen to it."""

from __future__ import annotations

import random
from typing import Self

from modelhub.server.formats.standing import Standing
from modelhub.server.mock.faults import Fault
from modelhub.server.mock.scenario.quota import Quota, Refusal
from modelhub.server.mock.scenario.shape import Behaviour, Rule, Scenario
from modelhub.server.mock.scenario.timeline import Timeline


class Play:
    """One run of a scenario, from the moment ``now``; only one thread may use it."""

    def __init__(self, scenario: Scenario, now: float) -> None:
        self._parts = [Part(rule, f"{scenario.seed}\0{number}", now) for number, rule in enumerate(scenario.rules)]
        self._rest = Part(Rule(), "", now)

    def find_part(self, model: str, path: str) -> Part:
        """The part that a request for ``model`` at ``path`` plays in."""
        return next((part for part in self._parts if part.rule.fits(model, path)), self._rest)


class Part:
    """The state of one rule: its timeline, what it takes, and how many requests of it have come."""

    def __init__(self, rule: Rule, salt: str, now: float) -> None:
        self.rule = rule
        self.in_flight = 0
        self._salt = salt
        self._come = 0
        self._timeline = Timeline(rule.phases, rule.rounds, now)
        behaviours = [rule.behaviour, *(phase.behaviour for phase in rule.phases)]
        self._quotas: dict[int, Quota] = {}
        for capacity in (behaviour.capacity for behaviour in behaviours):
            self._quotas.setdefault(id(capacity), Quota(capacity))

    @property
    def is_full(self) -> bool:
        """Whether one more request at a time may be one too many."""
        limits = [quota.capacity.concurrency for quota in self._quotas.values()]
        return any(most is not None and self.in_flight >= most for most in limits)

    def begin(self, now: float) -> Turn:
        """Count a request and draw what happens to it: the same for the same number."""
        phase = self._timeline.take(now)
        behaviour = self.rule.behaviour if phase is None else phase.behaviour
        self._come += 1
        return Turn(self, behaviour, self._quotas[id(behaviour.capacity)], random.Random(f"{self._salt}\0{self._come}"))


class Turn:
    """What happens to one request; a context that lasts as long as the request."""

    def __init__(self, part: Part, behaviour: Behaviour, quota: Quota, dice: random.Random) -> None:
        self._part = part
        self._quota = quota
        self.retry_after = quota.capacity.retry_after
        self.fault: Fault = behaviour.pick_fault(dice)
        self.latency = behaviour.latency.draw(dice)
        self.chunk_delay = None if behaviour.chunk_delay is None else behaviour.chunk_delay.draw(dice)

    def __enter__(self) -> Self:
        self._part.in_flight += 1
        return self

    def __exit__(self, *exc: object) -> None:
        self._part.in_flight -= 1

    def admit(self, now: float) -> Refusal | None:
        """Take the request into the limits; the refusal if there is no room."""
        return self._quota.admit(self._part.in_flight - 1, now)

    def charge(self, tokens: int, now: float) -> Refusal | None:
        """Take the tokens of the reply; the refusal if there are too few."""
        return self._quota.charge(tokens, now)

    def tell_standing(self, now: float, at: float) -> Standing:
        """What is left of the limits now, which is ``at`` seconds since 1970."""
        return self._quota.tell_standing(now, at)
