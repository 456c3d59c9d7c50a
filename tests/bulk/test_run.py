"""Bulk jobs of programs: rows in, rows with answers out, on a mock server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub import bulk
from modelhub.errors import ConfigError, ModelHubError
from modelhub.testing import MockServer

from .conftest import write_rows


@pytest.fixture(autouse=True)
def hub(server: MockServer) -> Iterator[modelhub.ModelRegistry]:
    config = {"model_type": "openai_chat", "api_key": "k", "client_args": {"base_url": f"{server.url}/v1"}}
    kinds = [{"config_name": "gpt"}, {"config_name": "one", "limits": {"concurrency": 1}}]
    with modelhub.init([{**config, **each, "retry": {"max_attempts": 1}} for each in kinds]) as hub:
        yield hub


def count_rows(number: int, read: list[int] | None = None) -> Iterator[dict[str, Any]]:
    for n in range(number):
        if read is not None:
            read.append(n)
        yield {"n": n, "text": f"word {n % 20}"}


@pytest.mark.parametrize("ordered", [True, False])
def test_rows_with_answers(server: MockServer, ordered: bool) -> None:
    rows = list(bulk.run(count_rows(100), "gpt", concurrency=4, ordered=ordered))
    numbers = [row["n"] for row in rows]
    assert (numbers if ordered else sorted(numbers)) == list(range(100))
    assert list(rows[0]) == ["n", "text", "response", "parsed", "usage", "cost", "model", "error"]
    assert len({row["response"] for row in rows if row["n"] % 20 == 3}) == 1
    assert len(server.requests) == 20


def test_rows_are_read_a_bounded_number_ahead() -> None:
    read: list[int] = []
    threads = threading.active_count()
    rows = bulk.run(count_rows(10**9, read), "gpt", concurrency=3)
    taken = [next(rows)["n"] for _ in range(30)]
    assert taken == list(range(30))
    assert len(read) <= 30 + 3 * 4
    rows.close()  # type: ignore[attr-defined]
    assert threading.active_count() == threads


def test_rows_are_read_where_they_are_asked_for() -> None:
    read_in: set[int] = set()

    def rows() -> Iterator[dict[str, str]]:
        read_in.add(threading.get_ident())
        yield {"prompt": "a"}

    assert [row["error"] for row in bulk.run(rows(), "gpt")] == [None]
    assert read_in == {threading.get_ident()}


def test_async_rows() -> None:
    async def rows() -> AsyncIterator[Any]:
        yield {"a": "x"}
        await asyncio.sleep(0)
        yield {"a": None}
        yield "no row"

    async def ask() -> list[dict[str, Any]]:
        return [row async for row in bulk.arun(rows(), modelhub.get_model("gpt"), prompt="Say {a}")]

    assert [(row.get("a"), row["error"]) for row in asyncio.run(ask())] == [
        ("x", None),
        (None, "RowError"),
        (None, "RowError"),
    ]


def test_failures_are_rows(server: MockServer) -> None:
    server.script("500", "ok", "401")
    rows = list(bulk.run(count_rows(3), "gpt", concurrency=1))
    assert [row["error"] for row in rows] == ["ServerError", None, "AuthenticationError"]


def test_limits_of_the_config_hold(server: MockServer) -> None:
    assert len(list(bulk.run(count_rows(20), "one", concurrency=8))) == 20
    assert server.counts.most_in_flight == 1


def test_rows_of_files(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", [{"text": "a"}, "nonsense"])
    assert [row["error"] for row in bulk.run(tmp_path / "a.jsonl", "gpt")] == [None, "RowError"]
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    (row, _) = bulk.run(str(tmp_path / "*.jsonl"), "gpt", schema=schema)
    assert type(row["parsed"]["x"]) is int


def test_what_is_wrong_is_raised() -> None:
    assert list(bulk.run([], "gpt")) == []
    with pytest.raises(ConfigError, match="there is no model called 'gtp'"):
        bulk.run([], "gtp")
    for rows, options, why in [
        ([{"a": 1}], {}, "none is called messages"),
        ([{"a": 1}], {"field": "a", "prompt": "b"}, "one of field, prompt and messages_field"),
        ([{"a": 1}], {"field": "a", "concurrency": 0}, "concurrency is 0"),
    ]:
        with pytest.raises(ModelHubError, match=why):
            list(bulk.run(rows, "gpt", **options))  # type: ignore[arg-type]

    def broken() -> Iterator[dict[str, str]]:
        yield {"text": "a"}
        raise RuntimeError("the rows are broken")

    with pytest.raises(RuntimeError, match="the rows are broken"):
        list(bulk.run(broken(), "gpt"))
