"""The budget of a config and its batches: none is handed in when it is used up, and each answer is charged."""

from __future__ import annotations

from typing import Any

from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.policies.budget import Spent, find_period
from modelhub.policies.budgeting import Account, budgeted, charged
from modelhub.prices.price import find_batch_cost, find_usage
from modelhub.prices.spending import Spending
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


def pay(model: Any, response: ModelResponse) -> Flow[Spending]:
    """Charge an answer of a batch to the budget of ``model``; what it has cost and used."""
    price, usage, account = model.home.price, find_usage(response), find_account(model)
    spending = Spending()
    spending.add(
        find_batch_cost(price, response),
        price.currency if price is not None else None,
        usage.total_tokens if usage is not None else 0,
    )
    if account is not None:
        period = find_period(account.budget.per, model.home.drivers.wall())
        yield from charged(account, period, Spent(spending.amounts.get("USD", 0.0), spending.tokens))
    return spending
