"""What callers have seen, and whether it agrees with what the server has counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from modelhub.errors import ConnectionError, StreamInterruptedError, TimeoutError


@dataclass
class Tally:
    """What the callers have seen; each thread has its own, and they are added up."""

    calls: Counter[str] = field(default_factory=Counter)  # "answered", or the class of the error
    attempts: Counter[str] = field(default_factory=Counter)  # in the server's words
    by_model: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another caller has seen."""
        self.calls += other.calls
        self.attempts += other.attempts
        self.by_model += other.by_model
        self.wrong += other.wrong
        self.seconds += other.seconds


def name_attempt(status: int | None, error: BaseException | None) -> str:
    """What the server calls an attempt that ended so."""
    if error is None:
        return "ok"
    if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
        return "hang"
    return "cut" if isinstance(error, ConnectionError | StreamInterruptedError) else str(status)


def find_problems(seen: Tally, served: dict[str, Any], left: dict[str, int], in_flight: int) -> list[str]:
    """Everything that is wrong with what was seen here and there."""
    problems = list(seen.wrong)
    problems += [f"{number} {name} are left" for name, number in left.items() if number > 0]
    if served["in_flight"]:
        problems.append(f"{served['in_flight']} requests are still under way")
    if served["most_in_flight"] > in_flight:
        problems.append(f"the server saw {served['most_in_flight']} requests at a time, not {in_flight}")
    asked = {name: one["requests"] for name, one in served["models"].items()}
    if seen.by_model != Counter(asked):
        problems.append(f"the calls tell of the attempts {dict(seen.by_model)}, the server of {asked}")
    if not agree(seen.attempts, Counter(served["outcomes"])):
        problems.append(f"the calls tell of the outcomes {dict(seen.attempts)}, the server of {served['outcomes']}")
    return problems


def agree(here: Counter[str], there: Counter[str]) -> bool:
    """Whether both sides tell of the same: a reply that came too late is a time-out here, and what it was there."""
    on_time = all(number <= there[name] for name, number in here.items() if name != "hang")
    return on_time and here["hang"] >= there["hang"] and here.total() == there.total()
