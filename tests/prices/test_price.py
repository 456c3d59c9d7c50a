"""What tokens and images cost by a price, and the table of known prices."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from modelhub.prices.known import find_date, find_known_price
from modelhub.prices.price import Price
from modelhub.response import Usage
from modelhub.validation import View
from modelhub.validation.schema.store import load_file
from modelhub.vendors import list_vendors

VENDORS: list[dict[str, Any]] = (load_file("_prices.json") or {})["vendors"]
OPENAI = "https://api.openai.com/v1/chat/completions"


@pytest.mark.parametrize(
    ("price", "usage", "images", "cost"),
    [
        ({"prompt": 2, "completion": 10}, Usage(1_000_000, 100_000), 0, 3.0),
        ({"prompt": 2, "completion": 10, "per": 1000}, Usage(1000, 100), 0, 3.0),
        ({"prompt": 2, "completion": 10}, Usage(1_000_000, 0, cached_tokens=500_000), 0, 2.0),
        ({"prompt": 2, "completion": 10, "cached": 0.5}, Usage(1_000_000, 0, cached_tokens=500_000), 0, 1.25),
        ({"prompt": 2, "cache_write": 4, "cached": 1}, Usage(1_000_000, 0, None, 250_000, None, 250_000), 0, 2.25),
        ({"prompt": 2}, Usage(1_000_000, 0, cache_write_tokens=500_000), 0, 2.0),
        ({"prompt": 2}, Usage(1000, 0), 0, 0.002),
        ({"prompt": 2}, Usage(1000, 1), 0, None),
        ({"completion": 2}, Usage(1000, 1), 0, None),
        ({"prompt": 0, "completion": 0}, Usage(1000, 1), 0, 0.0),
        ({"prompt": 2}, None, 0, None),
        ({"image": 0.04}, None, 2, 0.08),
        ({"image": 0.04}, Usage(1000, 1000), 1, 0.04),
        ({"image": 0.04, "prompt": 1, "completion": 1, "per": 1}, Usage(1, 1), 1, 2.04),
        ({"prompt": 2}, None, 1, None),
        ({"prompt": 2, "completion": 8, "up_to": 100}, Usage(101, 1), 0, None),
        ({"prompt": 0, "completion": 8, "per": 1, "thinking": 10}, Usage(1, 2, reasoning_tokens=1), 0, 20.0),
        ({"prompt": 0, "completion": 8, "per": 1, "thinking": 10}, Usage(1, 2, reasoning_tokens=0), 0, 16.0),
    ],
)
def test_cost(price: dict[str, float], usage: Usage | None, images: int, cost: float | None) -> None:
    found = Price(**price).find_cost(usage, images)  # type: ignore[arg-type]
    assert found == (None if cost is None else pytest.approx(cost))


@pytest.mark.parametrize(
    ("url", "model", "like"),
    [
        (OPENAI, "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        (OPENAI, "gpt-4-0613", "gpt-4"),
        ("https://api.anthropic.com/v1/messages", "claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("https://generativelanguage.googleapis.com/v1beta/x", "models/gemini-2.5-flash", "gemini-2.5-flash"),
    ],
)
def test_a_version_costs_as_its_model(url: str, model: str, like: str) -> None:
    found = find_known_price(url, model)
    assert found is not None
    assert found is not find_known_price(url, like)
    assert found.prompt == find_known_price(url, like).prompt  # type: ignore[union-attr]


def test_a_version_with_a_price_of_its_own_costs_that() -> None:
    old, now = find_known_price(OPENAI, "gpt-4o-2024-05-13"), find_known_price(OPENAI, "gpt-4o-2024-08-06")
    assert old is not None and now is not None
    assert old.prompt != now.prompt


@pytest.mark.parametrize(
    ("url", "model"),
    [
        (OPENAI, "gpt-4o-mini-2"),
        (OPENAI, "ft:gpt-4o-mini:me"),
        ("https://proxy.internal/v1/chat/completions", "gpt-4o-mini"),
        ("http://127.0.0.1:8000/v1/chat/completions", "gpt-4o-mini"),
        ("https://me.openai.azure.com/openai/v1/chat/completions", "gpt-4o-mini"),
        ("https://dashscope.aliyuncs.com/api/v1", "qwen-max-2024-04-28"),
        ("", ""),
    ],
)
def test_unknown(url: str, model: str) -> None:
    assert find_known_price(url, model) is None


@pytest.mark.parametrize("row", VENDORS, ids=lambda row: row["hosts"][0])
def test_rows(row: dict[str, Any]) -> None:
    """Each row says where its figures are from and since when, and is about a host that we know."""
    assert date.fromisoformat(row["looked_up"]) >= date.fromisoformat(find_date())
    assert row["source"].startswith("https://")
    assert row["currency"] in ("USD", "CNY")
    known = {host for vendor in list_vendors() for host in vendor.hosts}
    known |= {str(vendor.base_url).split("/")[2] for vendor in list_vendors() if vendor.base_url}
    assert set(row["hosts"]) <= known
    for name, price in row["models"].items():
        assert name == name.lower() and price.keys() & {"prompt", "image"}, name
        assert all(value >= 0 for value in price.values()), name
        assert price.get("cached", 0) <= price.get("prompt", 0), name
        assert find_known_price(f"https://{row['hosts'][0]}/", name) is not None


def test_the_schema_knows_what_a_price_takes() -> None:
    common = load_file("_common.json") or {}
    view = View([(common["$defs"]["price"], common)])
    assert set(view.properties) == set(Price.__slots__) - {"_each", "thinking", "up_to"}
