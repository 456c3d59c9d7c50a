"""What observers, statistics, the table of usage and budgets learn of the rows of a batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from modelhub import ModelRegistry
from modelhub.bulk.questions import Question, Questions
from modelhub.bulk.vendor import VendorCarrier
from modelhub.bulk.vendor.paying import find_account
from modelhub.events import CallEnded, CallStarted
from modelhub.policies.budget import find_period
from modelhub.testing import MockServer

from .models import build_config
from .running import PAUSES, run

PRICE = {"prompt": 1, "completion": 1, "per": 1, "batch": 0.25}


def test_each_row_is_told_as_a_call(tmp_path: Path) -> None:
    seen: list[Any] = []
    with MockServer() as server:
        server.script("ok", "500")
        observers = [seen.append, f"usage:{tmp_path}/usage.db"]
        with ModelRegistry([build_config("openai", server.url, price=PRICE)], observers=observers) as hub:
            found = run(hub.get_model("openai"), tmp_path, ["a", "b"], options={"tags": ["night"]})
            usage, stats = hub.usage(by="tag"), hub.stats()["openai"]
    assert found["a"].usage is not None
    tokens = found["a"].usage["total_tokens"]
    started = [event for event in seen if isinstance(event, CallStarted)]
    ended = {event.error: event for event in seen if isinstance(event, CallEnded)}
    assert [event.tags for event in started] == [("night",)] * 2
    assert set(ended) == {None, "ServerError"}
    good, bad = ended[None], ended["ServerError"]
    assert (good.cost, good.currency, good.attempts) == (tokens / 4, "USD", 1)
    assert good.usage is not None and good.usage.total_tokens == tokens
    assert good.response is not None and good.response.text == found["a"].response
    assert bad.cost is None
    assert (stats["calls"], stats["errors"], stats["cost"]) == (2, {"ServerError": 1}, tokens / 4)
    assert [(row["tag"], row["calls"], row["cost"]) for row in usage] == [("night", 2, tokens / 4)]


def test_a_budget_is_charged_as_rows_are_collected(tmp_path: Path) -> None:
    questions = Questions(field="text")

    async def feed() -> AsyncIterator[tuple[int, Question]]:
        for number, text in enumerate("ab"):
            yield number, questions.build({"text": text})

    async def take_one(model: Any) -> float | None:
        carrying = VendorCarrier(model, tmp_path, print, pauses=PAUSES).carry(feed())
        async for _, answer in carrying:
            await carrying.aclose()  # type: ignore[attr-defined]
            return answer.cost
        return None

    with MockServer() as server:
        budget = {"usd": 1000, "store": f"sqlite:{tmp_path}/budget.db"}
        with ModelRegistry([build_config("openai", server.url, price=PRICE, budget=budget)]) as hub:
            model = hub.get_model("openai")
            cost = asyncio.run(take_one(model))
            account = find_account(model)
            assert account is not None and cost
            period = find_period(account.budget.per, model.home.drivers.wall())
            assert account.ledger.read(account.key, period).usd >= cost
