"""Budgets: periods of the calendar, refusals, warnings, and what is charged by whom."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import ModelRegistry, errors, events
from modelhub.errors import ConfigError
from modelhub.policies.budget import Budget, Excess, Spent, find_period
from modelhub.testing import MockServer, Replay, VirtualClock

CHAT = {"config_name": "chat", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
PRICE = {"prompt": 1.0, "completion": 2.0, "per": 1000}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}


def answer(text: str = "Hello!", **usage: int) -> dict[str, Any]:
    choice = {"message": {"content": text}, "finish_reason": "stop"}
    return {"status": 200, "body": json.dumps({"choices": [choice], "usage": {**USAGE, **usage}})}


BUSY = {"status": 503, "body": "{}"}


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Any]:
    def ask(model: Any, **options: Any) -> Any:
        return asyncio.run(model.acall("Hi", **options)) if request.param == "async" else model("Hi", **options)

    return ask


@pytest.fixture(params=["memory", "sqlite", "default"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    if request.param == "default":
        monkeypatch.setenv("MODELHUB_USAGE", f"sqlite:{tmp_path / 'usage.db'}")
        return {}
    return {"store": "memory" if request.param == "memory" else f"sqlite:{tmp_path / 'spent.db'}"}


def build(*configs: dict[str, Any], answers: list[Any], told: list[Any] | None = None) -> tuple[ModelRegistry, Any]:
    hub = ModelRegistry(list(configs), observers=[told.append] if told is not None else [])
    clock = VirtualClock()
    clock.now = 1_000_000.0
    replay = Replay(answers, clock=clock)
    for config in configs:
        hub.get_model(config["config_name"]).drivers = replay
    return hub, replay


# Periods

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(MOMENTS)
def test_periods_are_those_of_the_calendar_in_utc(moment: datetime) -> None:
    now = moment.timestamp()
    for per, length in (("minute", 60), ("hour", 3600), ("day", 86_400)):
        period = find_period(per, now)  # type: ignore[arg-type]
        assert period.end is not None
        assert 0 < period.end - now <= length
        assert period.end % length == 0
        assert find_period(per, period.end - length).name == period.name  # type: ignore[arg-type]
        assert find_period(per, period.end).name != period.name  # type: ignore[arg-type]
    month = find_period("month", now)
    assert month.end is not None
    end = datetime.fromtimestamp(month.end, UTC)
    assert (end.day, end.hour, end.minute, end.second) == (1, 0, 0, 0)
    assert month.name == f"{moment:%Y-%m}" == f"{end - timedelta(seconds=1):%Y-%m}"
    assert find_period("total", now) == ("total", None)


@pytest.mark.parametrize(
    ("budget", "spent", "excess"),
    [
        ({"usd": 5}, Spent(4.99, 10**9), None),
        ({"usd": 5}, Spent(5.0, 0), Excess("usd", 5.0, 5)),
        ({"tokens": 100}, Spent(99.0, 99), None),
        ({"tokens": 100}, Spent(0.0, 100), Excess("tokens", 100, 100)),
        ({"usd": 5, "tokens": 100}, Spent(1.0, 120), Excess("tokens", 120, 100)),
        ({"group": "team"}, Spent(1e9, 10**9), None),
    ],
)
def test_a_budget_is_used_up_when_its_bound_is_reached(
    budget: dict[str, Any], spent: Spent, excess: Excess | None
) -> None:
    assert Budget(**budget).find_excess(spent) == excess


# Calls


def test_calls_are_refused_once_the_budget_is_used_up(ask: Callable[..., Any], store: dict[str, str]) -> None:
    told: list[Any] = []
    config = {**CHAT, "price": PRICE, "budget": {"usd": 3, "per": "day", **store}}
    hub, replay = build(config, answers=[answer()] * 9, told=told)
    with hub:
        model = hub.get_model("chat")
        ask(model)  # 1000 tokens cost 1, 500 cost 1
        ask(model)
        with pytest.raises(errors.BudgetExceededError) as caught:
            ask(model)
        end = find_period("day", 1_000_000.0).end
        assert end is not None
        assert caught.value.retry_after == pytest.approx(end - 1_000_000.0)
        assert (caught.value.retryable, caught.value.code, len(replay.requests)) == (False, "local_budget", 2)
        assert [attempt.outcome for attempt in caught.value.trail] == ["rejected"]
        assert "$4 of $3 in this day" in str(caught.value)
        (event,) = [event for event in told if isinstance(event, events.BudgetExceeded)]
        assert (event.unit, event.spent, event.limit, event.per, event.action) == ("usd", 4.0, 3, "day", "refuse")
        replay.clock.advance(86_400)
        assert ask(model).text == "Hello!"


def test_tokens_are_counted_without_a_price(ask: Callable[..., Any], store: dict[str, str]) -> None:
    hub, _ = build({**CHAT, "budget": {"tokens": 1500, **store}}, answers=[answer()] * 9)
    with hub:
        model = hub.get_model("chat")
        ask(model)
        with pytest.raises(errors.BudgetExceededError, match=r"1,500 tokens of 1,500 tokens") as caught:
            ask(model)
        assert caught.value.retry_after is None


def test_what_fails_or_comes_out_of_the_cache_is_not_charged(ask: Callable[..., Any], store: dict[str, str]) -> None:
    config = {**CHAT, "budget": {"tokens": 3000, **store}, "cache": {"ttl": 60}, "retry": {"max_attempts": 2}}
    hub, _ = build(config, answers=[BUSY, answer("one"), answer("two"), answer("three")])
    with hub:
        model = hub.get_model("chat")
        assert ask(model, temperature=0).text == "one"
        assert [ask(model, temperature=0).text for _ in range(3)] == ["one"] * 3
        assert ask(model, temperature=0, cache=False).text == "two"
        with pytest.raises(errors.BudgetExceededError):
            ask(model, temperature=0, cache=False)
        assert ask(model, temperature=0).text == "one"


def test_a_warning_is_logged_once_a_period(store: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    told: list[Any] = []
    config = {**CHAT, "budget": {"tokens": 1, "per": "hour", "on_exceed": "warn", **store}}
    hub, replay = build(config, answers=[answer()] * 9, told=told)
    with hub, caplog.at_level(logging.WARNING, "modelhub"):
        model = hub.get_model("chat")
        for _ in range(4):
            model("Hi")
        assert len(caplog.records) == 1
        assert "1,500 tokens of 1 tokens (per: hour)" in caplog.text
        replay.clock.advance(3600)
        model("Hi")
        model("Hi")
        assert len(caplog.records) == 2
    assert [event.action for event in told if isinstance(event, events.BudgetExceeded)] == ["warn"] * 4


def test_a_stream_is_charged_at_its_end(store: dict[str, str]) -> None:
    chunks = [
        'data: {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}\n\n',
        f'data: {{"choices": [], "usage": {json.dumps(USAGE)}}}\n\n',
        "data: [DONE]\n\n",
    ]
    stream = {"status": 200, "headers": {"Content-Type": "text/event-stream"}, "chunks": chunks}
    hub, _ = build({**CHAT, "budget": {"tokens": 1500, **store}}, answers=[stream])
    with hub:
        model = hub.get_model("chat")
        assert model("Hi", stream=True).text == "Hi"
        with pytest.raises(errors.BudgetExceededError):
            model("Hi", stream=True)


@pytest.mark.parametrize(("total", "charged"), [("1500", True), ('"many"', False)])
def test_a_stream_that_is_left_is_charged_what_was_told(total: str, charged: bool, store: dict[str, str]) -> None:
    usage = f'{{"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": {total}}}'
    chunks = [
        f'data: {{"choices": [{{"delta": {{"content": "{text}"}}}}], "usage": {usage}}}\n\n' for text in ("a", "b", "c")
    ]
    stream = {"status": 200, "headers": {"Content-Type": "text/event-stream"}, "chunks": chunks}
    hub, _ = build({**CHAT, "budget": {"tokens": 1500, **store}, "price": PRICE}, answers=[stream, answer()])
    with hub:
        model = hub.get_model("chat")
        response = model("Hi", stream=True)
        next(iter(response))
        response.close()
        if charged:
            with pytest.raises(errors.BudgetExceededError):
                model("Hi")
        else:
            assert model("Hi").text == "Hello!"


def test_a_fallback_goes_on_where_a_budget_is_used_up(ask: Callable[..., Any], store: dict[str, str]) -> None:
    first = {**CHAT, "budget": {"tokens": 1000, **store}}
    second = {**CHAT, "config_name": "other"}
    safe = {"config_name": "safe", "model_type": "fallback", "models": ["chat", "other"]}
    safe["on_error"] = ["BudgetExceededError"]
    hub, _ = build(first, second, safe, answers=[answer("one"), answer("two")])
    with hub:
        model = hub.get_model("safe")
        assert [ask(model).config_name for _ in range(2)] == ["chat", "other"]


def test_the_budget_of_a_composite_counts_what_its_targets_spend(
    ask: Callable[..., Any], store: dict[str, str]
) -> None:
    first = {**CHAT, "price": PRICE, "retry": {"max_attempts": 1}}
    second = {**CHAT, "config_name": "other", "price": {**PRICE, "currency": "CNY"}}
    safe = {
        "config_name": "safe",
        "model_type": "fallback",
        "models": ["chat", "other"],
        "budget": {"usd": 2, "tokens": 6000, **store},
    }
    with pytest.warns(Warning, match=r"MH314 .* the price of 'other' is in CNY"):
        hub, _ = build(first, second, safe, answers=[BUSY, answer("other"), answer("chat"), answer("never")])
    with hub:
        model = hub.get_model("safe")
        assert ask(model).text == "other"  # whose currency is another one
        assert ask(model).text == "chat"
        with pytest.raises(errors.BudgetExceededError, match=r"\$2 of \$2"):
            ask(model)
        assert ask(hub.get_model("chat")).text == "never"


def test_a_group_has_one_budget_which_a_reload_keeps(tmp_path: Path, store: dict[str, str]) -> None:
    path = tmp_path / "models.json"

    def write(tokens: int) -> None:
        numbers = {"group": "team", "tokens": tokens, **store}
        path.write_text(
            json.dumps([{**CHAT, "budget": numbers}, {**CHAT, "config_name": "two", "budget": {"group": "team"}}])
        )

    write(3000)
    with ModelRegistry(str(path)) as hub:
        replay = Replay([answer()] * 9)

        def find(name: str) -> Any:
            model = hub.get_model(name)
            model.drivers = replay
            return model

        find("chat")("Hi")
        find("two")("Hi")
        for name in ("chat", "two"):
            with pytest.raises(errors.BudgetExceededError):
                find(name)("Hi")
        write(4000)
        hub.reload()
        find("chat")("Hi")
        with pytest.raises(errors.BudgetExceededError):
            find("two")("Hi")


def test_a_bare_number_has_no_effect() -> None:
    with pytest.warns(Warning, match="budget is deprecated"):
        hub, _ = build({**CHAT, "budget": 1}, answers=[answer()] * 9)
    with hub:
        assert [hub.get_model("chat")("Hi").text for _ in range(3)] == ["Hello!"] * 3


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({}, "budget"),
        ({"per": "day"}, "budget"),
        ({"usd": 0}, "budget.usd"),
        ({"usd": 5, "per": "week"}, "budget.per"),
        ({"usd": 5, "on_exceed": "stop"}, "budget.on_exceed"),
        ({"dollars": 5}, "dollars"),
        ("5", "budget"),
        ({"usd": 5, "store": "mysql://x"}, "budget.store"),
    ],
)
def test_wrong_budgets_are_named(budget: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ModelRegistry({**CHAT, "budget": budget})


def test_a_group_agrees_on_its_budget() -> None:
    with pytest.raises(ConfigError, match=r"MH310.*other budget.*usd is 5 there and 6 here"):
        ModelRegistry(
            [
                {**CHAT, "budget": {"group": "team", "usd": 5}},
                {**CHAT, "config_name": "two", "budget": {"group": "team", "usd": 6}},
            ]
        )


# Processes

SPEND = textwrap.dedent("""
    import sys, threading
    import modelhub
    from modelhub import errors
    url, store = sys.argv[1:]
    hub = modelhub.ModelRegistry({
        "config_name": "chat", "model_type": "openai_chat", "model_name": "m", "api_key": "k",
        "client_args": {"base_url": url + "/v1"}, "budget": {"tokens": 200, "store": store},
    })
    model = hub.get_model("chat")

    def ask():
        while True:
            try:
                model("echo: one two three")
            except errors.BudgetExceededError:
                return

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
""")


def test_processes_overshoot_by_no_more_than_what_is_in_flight(tmp_path: Path) -> None:
    path = tmp_path / "spent.db"
    with MockServer() as server:
        command = [sys.executable, "-c", SPEND, server.url, f"sqlite:{path}"]
        running = [subprocess.Popen(command) for _ in range(4)]
        assert [process.wait(120) for process in running] == [0] * 4
    with sqlite3.connect(path) as base:
        ((tokens,),) = base.execute("SELECT tokens FROM budgets WHERE name = 'chat' AND period = 'total'").fetchall()
    base.close()
    each = 8  # tokens of a call at the mock server, and a few more
    assert 200 <= tokens < 200 + 4 * 2 * each


def test_a_locked_store_holds_up_a_call_for_a_moment_and_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "spent.db"
    config = {**CHAT, "budget": {"tokens": 3000, "store": f"sqlite:{path}"}}
    hub, _ = build(config, answers=[answer()] * 9)
    with hub:
        model = hub.get_model("chat")
        model("Hi")
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        assert model("Hi").text == "Hello!"
        assert "calls go on" in caplog.text
        with pytest.raises(errors.BudgetExceededError):  # what is owed counts here
            model("Hi")
        lock.execute("ROLLBACK")
        lock.close()
    with sqlite3.connect(path) as base:
        assert base.execute("SELECT tokens FROM budgets").fetchall() == [(3000,)]
    base.close()


PRICED = {**CHAT, "model_name": "gpt-4o-mini"}


@pytest.mark.parametrize(
    ("configs", "why"),
    [
        ([PRICED], None),
        ([CHAT], "what it costs is not known"),
        ([{**CHAT, "price": None}], "what it costs is not known"),
        ([{**CHAT, "price": {"prompt": 1}}], None),
        ([{**CHAT, "price": {"prompt": 1, "currency": "CNY"}}], "the price of it is in CNY"),
        ([{**CHAT, "model_name": "${MODEL}"}], None),
        ([{**PRICED, "client_args": {"base_url": "http://10.0.0.5/v1"}}], "what it costs is not known"),
        ([{**PRICED, "client_args": {"base_url": "${WHERE}"}}], None),
        ([{**CHAT, "model_type": "dashscope_chat", "model_name": "qwen-max"}], "the price of it is in CNY"),
        (
            [
                {"config_name": "f", "model_type": "fallback", "models": ["p", "chat"]},
                {**PRICED, "config_name": "p"},
                CHAT,
            ],
            "what 'chat' costs is not known",
        ),
    ],
)
def test_a_budget_in_dollars_wants_prices_in_dollars(configs: list[dict[str, Any]], why: str | None) -> None:
    first = {**configs[0], "budget": {"usd": 5, "store": "memory"}}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ModelRegistry([first, *configs[1:]])
    found = [str(warning.message) for warning in caught if "MH314" in str(warning.message)]
    assert len(found) == (why is not None)
    assert f"the budget is in dollars, and {why};" in "".join(found) or not why


def test_a_composite_that_is_cancelled_is_charged_what_its_targets_had_cost() -> None:
    chain = {
        "config_name": "both",
        "model_type": "chain",
        "steps": [{"model": "chat"}, {"model": "slow"}],
        "budget": {"tokens": 1, "store": "memory"},
    }
    with MockServer() as server:
        first = {**CHAT, "client_args": {"base_url": f"{server.url}/v1"}}
        hub = ModelRegistry([first, {**first, "config_name": "slow"}, chain])
        server.script("ok", "hang")

        async def leave() -> None:
            task = asyncio.ensure_future(hub.get_model("both").acall("Hi"))
            while not (server.counts.requests == 2 or task.done()):
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(errors.BudgetExceededError):
                await hub.get_model("both").acall("Hi")

        with hub:
            asyncio.run(leave())
