"""The budget of a config and the jobs that a vendor works on: none is handed in when it is used up, each is charged."""

from __future__ import annotations

from typing import Any

from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.policies.budget import Spent, find_period
from modelhub.policies.budgeting import Account, budgeted
from modelhub.prices.price import find_batch_cost, find_usage
from modelhub.response import ModelResponse


def find_account(model: Any) -> Account | None:
    """The budget of ``model``; None if it has none."""
    guards = model.home.guards
    account: Account | None = None if guards is None else guards.account
    return account


def check_budget(model: Any) -> Flow[None]:
    """Go on if something is left of the budget of ``model``; raises BudgetExceededError if it is used up."""
    account = find_account(model)
    if account is not None:
        yield from budgeted(Call(model, None, {}), account, _nothing())


def _nothing() -> Flow[None]:
    yield from ()


class Bill:
    """What the answers of one job have cost, which is charged to the budget of ``model`` in one sum."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._usd, self._tokens = 0.0, 0

    def add(self, response: ModelResponse) -> float | None:
        """Add an answer; returns its cost, None where that is not known."""
        price, usage = self._model.home.price, find_usage(response)
        cost = find_batch_cost(price, response)
        if price is not None and price.currency == "USD":
            self._usd += cost or 0.0
        self._tokens += usage.total_tokens if usage is not None else 0
        return cost

    def pay(self) -> None:
        """Charge what was added since the last time."""
        account, spent = find_account(self._model), Spent(self._usd, self._tokens)
        self._usd, self._tokens = 0.0, 0
        if account is not None and spent != Spent():
            period = find_period(account.budget.per, self._model.home.drivers.wall())
            account.ledger.charge(account.key, period, spent)
