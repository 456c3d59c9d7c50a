"""What a config may spend in a period of the calendar, and where the periods end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from modelhub.errors import BudgetExceededError

Length = Literal["minute", "hour", "day", "month", "total"]
_FORMS = {"minute": "%Y-%m-%dT%H:%M", "hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}
_STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


class Spent(NamedTuple):
    """What was spent: dollars and tokens."""

    usd: float = 0.0
    tokens: int = 0


class Period(NamedTuple):
    """A period of the calendar in UTC: its name, such as 2026-11-29, and its end in seconds since 1970, if it ends."""

    name: str
    end: float | None


class Excess(NamedTuple):
    """Which part of a budget is used up: the ``unit`` ("usd" or "tokens"), what was ``spent``, and the ``limit``."""

    unit: str
    spent: float
    limit: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What a config may spend ``per`` period, in dollars and in tokens; None is no bound.

    ``on_exceed`` says whether calls are refused then. Configs with the same ``group`` share one budget, and ``store``
    says where it is kept.
    """

    usd: float | None = None
    tokens: int | None = None
    per: Length = "total"
    on_exceed: Literal["refuse", "warn"] = "refuse"
    group: str | None = None
    store: str | None = None

    def find_excess(self, spent: Spent) -> Excess | None:
        """What is used up; None while the next call may be made."""
        if self.usd is not None and spent.usd >= self.usd:
            return Excess("usd", spent.usd, self.usd)
        if self.tokens is not None and spent.tokens >= self.tokens:
            return Excess("tokens", spent.tokens, self.tokens)
        return None


def find_period(per: Length, now: float) -> Period:
    """The period that ``now``, in seconds since 1970, is in."""
    if per == "total":
        return Period("total", None)
    moment = datetime.fromtimestamp(now, UTC)
    name = moment.strftime(_FORMS[per])
    start = datetime.strptime(name, _FORMS[per]).replace(tzinfo=UTC)
    end = (start + timedelta(days=31)).replace(day=1) if per == "month" else start + _STEPS[per]
    return Period(name, end.timestamp())


def build_refusal(excess: Excess, per: Length, retry_after: float | None) -> BudgetExceededError:
    """The error for an attempt that is not sent; the period ends in ``retry_after`` seconds, or never (None)."""
    until = "" if retry_after is None else f" in this {per}, which ends in {retry_after:.0f} s"
    message = f"not sent: the budget of the config is used up, {say_excess(excess)}{until}; raise budget.{excess.unit}"
    return BudgetExceededError(message, code="local_budget", retry_after=retry_after)


def say_excess(excess: Excess) -> str:
    """What is used up, in words."""
    return f"{say_amount(excess.unit, excess.spent)} of {say_amount(excess.unit, excess.limit)}"


def say_amount(unit: str, amount: float) -> str:
    """An amount in words."""
    return f"${amount:,.4g}" if unit == "usd" else f"{amount:,.0f} tokens"
