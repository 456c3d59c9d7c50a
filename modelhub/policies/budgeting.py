"""Keeps attempts from a model whose budget is used up, and charges what they cost to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from modelhub.engine.effects import Flow, Invoke
from modelhub.errors import ModelCallError
from modelhub.locks import Lock
from modelhub.policies.budget import Budget, Excess, Period, Spent, build_refusal, find_period, say_excess
from modelhub.prices.price import find_cost, find_usage
from modelhub.response import ModelResponse

if TYPE_CHECKING:
    from modelhub.engine.call import Call

T = TypeVar("T")


class Ledger(Protocol):
    """Where what was spent is kept, which processes may share. None of its methods raises an exception.

    ``blocking`` says whether it may wait for a disk or a network. ``key`` names a budget, ``period`` is one of its
    periods.
    """

    blocking: bool

    def read(self, key: str, period: Period) -> Spent:
        """What was spent in a period."""
        ...

    def charge(self, key: str, period: Period, spent: Spent) -> None:
        """Add to what was spent in a period."""

    def close(self) -> None:
        """Let go of files and connections."""


class Account:
    """A budget and what was spent of it: that of a config, or of a group of them."""

    __slots__ = ("_lock", "_warned", "budget", "key", "ledger")

    def __init__(self, budget: Budget, key: str, ledger: Ledger) -> None:
        self.budget = budget
        self.key = key
        self.ledger = ledger
        self._lock = Lock()
        self._warned: set[str] = set()

    def is_new(self, period: Period) -> bool:
        """Whether nobody has been warned of this period yet."""
        with self._lock:
            warned, self._warned = period.name in self._warned, {period.name}
            return not warned


def budgeted(call: Call, account: Account, flow: Flow[T]) -> Flow[T]:
    """``flow``, unless the budget is used up; what it has cost is charged when it has ended.

    Raises BudgetExceededError. Attempts that are under way at the same time may spend more than is left, each once.
    What a try has cost that failed, or that the caller has left, is charged if it is known.
    """
    ledger, budget = account.ledger, account.budget
    wall: float = call.model.home.drivers.wall()
    period = find_period(budget.per, wall)
    if ledger.blocking:
        spent: Spent = yield Invoke(lambda: ledger.read(account.key, period))
    else:
        spent = ledger.read(account.key, period)
    excess = budget.find_excess(spent)
    if excess is not None:
        _exceed(call, account, period, excess, wall)
    try:
        result = yield from flow
    except ModelCallError as error:
        yield from charged(account, period, _find_spent(call, error.partial))
        raise
    except BaseException:  # left or cancelled: nothing may be waited for
        _charge(account, period, _find_spent(call, None))
        raise
    yield from charged(account, period, _find_spent(call, result))
    return result


def _exceed(call: Call, account: Account, period: Period, excess: Excess, now: float) -> None:
    budget = account.budget
    left = None if period.end is None else max(period.end - now, 0.0)
    if call.listener is not None:
        call.listener.budget_exceeded(call, excess, budget.per, budget.on_exceed, left)
    if budget.on_exceed == "refuse":
        raise build_refusal(excess, budget.per, left)
    if account.is_new(period):
        import logging  # few budgets are used up

        what = "%s: the budget %s is used up, and calls go on: %s (per: %s)"
        told = call.model.config_name, account.key, say_excess(excess), budget.per
        logging.getLogger("modelhub").warning(what, *told)


def _find_spent(call: Call, answer: object) -> Spent:
    """What an attempt that came to ``answer`` has spent, as far as it is known.

    That of a composite is what its targets have spent for it, whatever came of it.
    """
    if call.model.is_composite:
        spending = call.spending
        return Spent() if spending is None else Spent(spending.amounts.get("USD", 0.0), spending.tokens)
    told: Any = answer if isinstance(answer, ModelResponse) else call.so_far if answer is None else None
    if told is None:
        return Spent()
    usage, price = find_usage(told), call.model.home.price
    cost = find_cost(price, told) if price is not None and price.currency == "USD" else None
    return Spent(cost or 0.0, 0 if usage is None else usage.total_tokens)


def charged(account: Account, period: Period, spent: Spent) -> Flow[None]:
    """Add ``spent`` to what was spent in a period, and wait until that is done."""
    if account.ledger.blocking and spent != Spent():
        yield Invoke(lambda: _charge(account, period, spent))
    else:
        _charge(account, period, spent)


def _charge(account: Account, period: Period, spent: Spent) -> None:
    if spent != Spent() and math.isfinite(spent.usd):
        account.ledger.charge(account.key, period, spent)
