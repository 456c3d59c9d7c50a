"""The observer ``usage`` keeps a row for each call, and reports sum them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelCallError, ModelRegistry
from modelhub.events import CallEnded, CallStarted
from modelhub.response import ModelResponse, Usage
from modelhub.stores.usage_stores import open_database, parse_usage
from modelhub.testing import MockServer
from modelhub.usage.observer import Usage as Observer
from modelhub.usage.observer import build_observer
from modelhub.usage.rows import COLUMNS

PRICE = {"prompt": 1000, "completion": 2000}


@pytest.fixture
def make(server: MockServer, store: str) -> Iterator[Callable[..., ModelRegistry]]:
    """Makes registries whose calls are kept in the store."""
    hubs: list[ModelRegistry] = []

    def make(*configs: dict[str, Any], **given: Any) -> ModelRegistry:
        usual = {"model_type": "openai_chat", "api_key": "any", "client_args": {"base_url": f"{server.url}/v1"}}
        models = [config if "model_type" in config else {**usual, **config} for config in configs]
        hubs.append(ModelRegistry(models, observers=[f"usage:{store}"], **given))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


def read(store: str) -> list[dict[str, Any]]:
    """The rows of a store, in the order of their calls."""
    database = open_database(parse_usage(store), 10)
    query = f"SELECT {', '.join(COLUMNS)} FROM calls ORDER BY time"
    rows = database.use(lambda base: base.execute(query).fetchall()) if database.exists() else []
    database.close()
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_a_row(make: Callable[..., ModelRegistry], store: str) -> None:
    hub = make({"config_name": "gpt", "model_name": "gpt-4o", "price": PRICE})
    before = time.time()
    hub.get_model("gpt")("hello there", tags=["team-a", "β"])
    (row,) = read(store)
    assert before <= row.pop("time") <= time.time()
    assert 0 < row.pop("seconds") < 600
    assert len(row.pop("call_id")) == 16
    usage = Usage(row["prompt_tokens"], row["completion_tokens"])
    assert usage.total_tokens > 2
    assert row.pop("cost") == pytest.approx((usage.prompt_tokens + 2 * usage.completion_tokens) / 1000)
    del row["prompt_tokens"], row["completion_tokens"]
    assert row == {
        "config_name": "gpt",
        "model_type": "openai_chat",
        "model": "gpt-4o",
        "task": "chat",
        "cached_tokens": row["cached_tokens"],
        "cache_write_tokens": None,
        "images": 0,
        "currency": "USD",
        "error": None,
        "attempts": 1,
        "cached": 0,
        "tags": '["team-a", "β"]',
    }


def test_every_way_of_calling(make: Callable[..., ModelRegistry], store: str) -> None:
    model = make({"config_name": "gpt", "price": PRICE}).get_model("gpt")

    async def ask() -> None:
        await model.acall("one")
        async for _ in await model.acall("two", stream=True):
            pass

    asyncio.run(ask())
    model("three")
    for _ in model("four", stream=True):
        pass
    left = iter(model("five is left", stream=True))
    next(left)
    left.close()
    rows = read(store)
    assert [row["error"] for row in rows] == [None] * 5
    assert [row["cost"] is None for row in rows] == [False] * 4 + [True]


def test_failures_kept_answers_and_unknown_prices(make: Callable[..., ModelRegistry], store: str) -> None:
    gone = {"base_url": "http://127.0.0.1:9/v1"}
    hub = make(
        {"config_name": "gone", "client_args": gone, "price": PRICE, "retry": {"max_attempts": 1}},
        {"config_name": "kept", "cache": {}, "price": PRICE},
        {"config_name": "free", "price": {"prompt": 0, "completion": 0}},
        {"config_name": "unknown"},
    )
    with pytest.raises(ModelCallError):
        hub.get_model("gone")("hello")
    for name in ("kept", "kept", "free", "unknown"):
        hub.get_model(name)("hello")
    rows = read(store)
    assert [row["error"] for row in rows] == ["ConnectionError", None, None, None, None]
    assert [row["cached"] for row in rows] == [0, 0, 1, 0, 0]
    assert [row["prompt_tokens"] is None for row in rows] == [True, False, True, False, False]
    assert rows[0]["cost"] is None
    assert rows[1]["cost"] > 0
    assert [row["cost"] for row in rows[2:]] == [0, 0, None]
    assert {row["config"]: row["cost"] for row in hub.usage("config")} == {
        "free": 0,
        "gone": None,
        "kept": pytest.approx(rows[1]["cost"]),
        "unknown": None,
    }


def test_what_asks_others_has_no_row(make: Callable[..., ModelRegistry], store: str) -> None:
    """Its targets have theirs, so that nothing is counted twice; nor has a model in Python that asks another one."""
    from modelhub import ModelWrapperBase

    class Asking(ModelWrapperBase):
        model_type = "test_usage_asking"

        def __call__(self, text: str) -> ModelResponse:
            return hub.get_model("b")(text)  # type: ignore[no-any-return]

    gone = {"base_url": "http://127.0.0.1:9/v1"}
    hub = make(
        {"config_name": "a", "client_args": gone, "retry": {"max_attempts": 1}},
        {"config_name": "b", "price": PRICE},
        {"config_name": "f", "model_type": "fallback", "models": ["a", "b"]},
        {"config_name": "python", "model_type": "test_usage_asking"},
        wrappers=[Asking],
    )
    hub.get_model("f")("hello", tags=["t"])
    assert [(row["config_name"], row["error"], row["tags"]) for row in read(store)] == [
        ("a", "ConnectionError", '["t"]'),
        ("b", None, '["t"]'),
    ]
    assert hub.get_model("python")("hello").text
    assert [row["config_name"] for row in read(store)] == ["a", "b", "b"]
    row = hub.usage("tag")[0]
    assert (row["tag"], row["calls"], row["errors"], row["currency"]) == ("t", 2, 1, "USD")
    assert hub.stats()["f"]["cost"] == pytest.approx(row["cost"])


def tell(observer: Observer, time: float, **given: Any) -> None:
    """Tell an observer of a call that began at ``time``."""
    tell.count += 1  # type: ignore[attr-defined]
    ident, tags = str(tell.count), tuple(given.get("tags", ()))  # type: ignore[attr-defined]
    name = given.setdefault("config_name", "c")
    kind = {"model_type": "openai_chat", "model": given.pop("model", "m"), "task": "chat"}
    usual: dict[str, Any] = {"attempts": 1, "error": None, "finish_reason": "stop", "request_id": None, "usage": None}
    usual |= {"response": None, "arguments": {}, "first_token_seconds": None, "stream": False, "parent_id": None}
    usual |= {"seconds": 1.0, "tags": tags}
    del given["config_name"]
    observer(CallStarted(name, ident, 1.0, None, time, *kind.values(), False, {}, tags))
    observer(CallEnded(name, ident, 2.0, **(usual | kind | given)))


tell.count = 0  # type: ignore[attr-defined]


def test_reports(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums by each way, currencies apart, unknown costs with the rest, and days by $TZ."""
    observer = build_observer(store)
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    if hasattr(time, "tzset"):
        time.tzset()
    noon = datetime(2026, 3, 1, 12).timestamp()
    usd, cny = {"cost": 0.1, "currency": "USD"}, {"cost": 2.0, "currency": "CNY"}
    tell(observer, noon, usage=Usage(10, 1, cached_tokens=5), tags=["a", "b"], **usd)
    tell(observer, noon, usage=Usage(20, 2), tags=["a"], **usd)
    tell(observer, noon, usage=Usage(30, 3), model="n", tags=["a"], **cny)
    tell(observer, noon, usage=Usage(40, 4), tags=["a"])
    tell(observer, noon, error="RateLimitError", model="o")
    tell(observer, datetime(2026, 3, 1, 23, 59, 59).timestamp(), **usd)
    tell(observer, datetime(2026, 3, 2, 0, 0, 1).timestamp(), **usd)

    def rows(by: str, since: Any = None) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in observer.list_usage(by, since)]

    assert observer.list_usage("model", None)[0].keys() == {
        *("model", "calls", "errors", "prompt_tokens", "completion_tokens", "cached_tokens", "cost", "currency")
    }
    assert rows("model") == [
        ("m", 5, 0, 70, 7, 5, 0.4, "USD"),
        ("n", 1, 0, 30, 3, 0, 2.0, "CNY"),
        ("o", 1, 1, 0, 0, 0, None, None),
    ]
    assert rows("config") == [("c", 1, 0, 30, 3, 0, 2.0, "CNY"), ("c", 6, 1, 70, 7, 5, 0.4, "USD")]
    assert rows("tag") == [
        ("a", 1, 0, 30, 3, 0, 2.0, "CNY"),
        ("a", 3, 0, 70, 7, 5, 0.2, "USD"),
        ("b", 1, 0, 10, 1, 5, 0.1, "USD"),
        (None, 3, 1, 0, 0, 0, 0.2, "USD"),
    ]
    assert [(row[0], row[1], row[-1]) for row in rows("day")] == [
        ("2026-03-01", 1, "CNY"),
        ("2026-03-01", 5, "USD"),
        ("2026-03-02", 1, "USD"),
    ]
    assert [row[1] for row in rows("model", "2026-03-02")] == [1]
    assert [row[1] for row in rows("model", "2026-03-01T23:59:59+05:45")] == [2]
    assert [row[1] for row in rows("model", datetime(2026, 3, 2))] == [1]
    assert rows("model", timedelta(hours=1)) == rows("model", "1h") == rows("model", "30m") == []
    observer.close()
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.mark.parametrize("since", ["soon", "7", "-1d", "2026-13-01", "7 years"])
def test_what_is_no_time(since: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no time: write how long ago"):
        build_observer(str(tmp_path / "u.db")).list_usage("model", since)


def test_what_is_no_group(tmp_path: Path) -> None:
    with ModelRegistry(observers=[f"usage:{tmp_path}/u.db"]) as hub:
        with pytest.raises(ValueError, match="not by 'models'; did you mean 'model'"):
            hub.usage(by="models")
        assert hub.usage() == []
        assert not (tmp_path / "u.db").exists()


def test_strange_words_and_numbers_are_kept(store: str) -> None:
    observer = build_observer(store)
    tell(observer, 0.0, model="half \ud800 and \0", usage=Usage(10**30, -5), tags=["\ud800", "\0"])
    tell(observer, 1.0)
    assert [row["model"] for row in read(store)] == ["half ? and �", "m"]
    assert read(store)[0]["prompt_tokens"] == 2**63 - 1
    observer.close()


def test_the_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("MODELHUB_USAGE", raising=False)
    assert parse_usage().shown == f"sqlite:{tmp_path}/modelhub/usage.db"
    for text in ("x/usage.db", "sqlite:x/usage.db"):
        monkeypatch.setenv("MODELHUB_USAGE", text)
        assert parse_usage().place == str(Path("x/usage.db").absolute())
    monkeypatch.setenv("MODELHUB_USAGE", "postgresql://me:s3cret@db.internal/costs?sslmode=require")
    assert parse_usage().shown == "postgresql://db.internal:5432/costs"
    assert parse_usage().secrets == ("s3cret",)


@pytest.mark.parametrize(
    "text",
    ["redis://localhost", "mysql://u:s3cret@h/d", "postgresql:s3cret", "postgresql://u:s3/cret@h/d", "sqlite:", ""],
)
def test_what_is_no_store(text: str) -> None:
    with pytest.raises(ValueError, match=r"store|usage") as refusal:
        parse_usage(text)
    assert "s3" not in str(refusal.value)


def test_budgets_are_kept_beside_the_calls(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelhub.policies.budget import Spent, find_period
    from modelhub.stores.ledgers import open_ledger

    monkeypatch.setenv("MODELHUB_USAGE", store)
    period = find_period("day", 1e9)
    ledgers = [open_ledger(None) for _ in range(2)]
    for ledger in ledgers:
        ledger.charge("team", period, Spent(1.5, 10))
    assert [ledger.read("team", period) for ledger in ledgers] == [Spent(3.0, 20)] * 2
    assert ledgers[0].read("team", find_period("day", 2e9)) == Spent()
    for ledger in ledgers:
        ledger.close()
