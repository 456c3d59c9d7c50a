"""What a scenario says, as data."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from modelhub.server.mock.faults import Fault
from modelhub.server.mock.scenario.distributions import NO_TIME, Distribution

_OK = Fault()


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much a server takes; None is no limit.

    ``concurrency`` is how many requests it answers at once, ``rpm`` and ``tpm`` how many requests and tokens it takes
    in a minute, and ``burst`` how many requests may come together. ``retry_after`` is the Retry-After of a refusal:
    True is the time until there is room, False none.
    """

    concurrency: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    burst: int | None = None
    retry_after: bool | float = True


@dataclass(frozen=True, slots=True)
class Chance:
    """A fault, and which share of the requests it befalls."""

    fault: Fault
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How requests are treated for a time; requests of behaviours with the same ``capacity`` object share it."""

    capacity: Capacity = Capacity()
    faults: Sequence[Chance] = ()
    latency: Distribution = NO_TIME
    chunk_delay: Distribution | None = None

    def pick_fault(self, dice: random.Random) -> Fault:
        """Draw the fault of a request; mostly there is none."""
        drawn = dice.random()
        for chance in self.faults:
            if drawn < chance.share:
                return chance.fault
            drawn -= chance.share
        return _OK


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a timeline, so many ``seconds`` or ``requests`` long; without both it does not end."""

    behaviour: Behaviour
    seconds: float | None = None
    requests: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """The requests whose model and path fit the patterns, and what is done to them.

    After the phases, and without them, ``behaviour`` counts. ``rounds`` is how often the phases are played; None is for
    ever.
    """

    behaviour: Behaviour = Behaviour()
    model: str = "*"
    path: str = "*"
    phases: Sequence[Phase] = ()
    rounds: int | None = 1

    def fits(self, model: str, path: str) -> bool:
        """Whether a request for ``model`` at ``path`` is one of the rule's."""
        return fnmatchcase(model, self.model) and fnmatchcase(path, self.path)


@dataclass(frozen=True, slots=True)
class Batching:
    """How batches go on: they are done after so many looks, or, if that is given, after so many seconds.

    ``expires`` is the share of its requests that is done when a batch expires, from 0 to 1; None is never.
    """

    polls: int = 2
    seconds: float | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Rules, of which the first that fits a request counts; the last one fits all. ``seed`` repeats what is drawn."""

    rules: Sequence[Rule] = (Rule(),)
    seed: int = 0
    batches: Batching = Batching()


ALL_WELL = Scenario()
"""The scenario in which nothing goes wrong."""
