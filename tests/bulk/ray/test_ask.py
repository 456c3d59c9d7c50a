"""Ask: rows of any format of Ray Data, and a pipeline on a cluster."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from modelhub.bulk.ray import Ask
from modelhub.errors import ConfigError, ModelHubError
from modelhub.testing import MockServer

from ...model_servers.chosen import needs
from ...model_servers.redis_server import run_redis

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray and pandas have their own

COLUMNS = ["response", "parsed", "usage", "cost", "model", "error"]


def write_configs(folder: Path, server: MockServer, more: str = "") -> str:
    path = folder / "models.yaml"
    path.write_text(
        f"- {{config_name: gpt, model_type: openai_chat, api_key: '${{BULK_KEY}}', price: {{prompt: 1, completion: 2}},"
        f" client_args: {{base_url: '{server.url}/v1'}}{more}}}\n"
    )
    return str(path)


@pytest.fixture
def configs(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BULK_KEY", "sk-1")
    return write_configs(tmp_path, server)


def ask(batch: Any, configs: str, **options: Any) -> Any:
    return asyncio.run(Ask("gpt", configs, **options)(batch))


@pytest.mark.parametrize("kind", ["arrays", "table", "frame"])
def test_batches_of_each_format(kind: str, configs: str, server: MockServer) -> None:
    server.reply("one", "two")
    columns: dict[str, Any] = {"id": [1, 2], "text": ["a", "b"], "error": ["old", "old"]}
    if kind == "table":
        arrow = pytest.importorskip("pyarrow")
        answered = ask(arrow.table(columns), configs, field="text", concurrency=1).to_pydict()
    elif kind == "frame":
        pandas = pytest.importorskip("pandas")
        answered = ask(pandas.DataFrame(columns), configs, field="text", concurrency=1).to_dict("list")
    else:
        numpy = pytest.importorskip("numpy")
        arrays = {name: numpy.array(values) for name, values in columns.items()}
        answered = {name: list(values) for name, values in ask(arrays, configs, field="text", concurrency=1).items()}
    assert sorted(answered) == sorted(["id", "text", *COLUMNS])
    assert answered["id"] == [1, 2]
    assert answered["response"] == ["one", "two"]
    assert answered["error"] == [None, None] and answered["model"] == ["gpt", "gpt"]
    assert all(usage["total_tokens"] > 0 for usage in answered["usage"]) and all(answered["cost"])


def test_rows_that_fail_cost_only_themselves(configs: str, server: MockServer) -> None:
    arrow = pytest.importorskip("pyarrow")
    server.script("400", "ok")
    table = arrow.table({"text": ["a", None, "c"]})
    answered = ask(table, configs, prompt="Say {text}", concurrency=1).to_pydict()
    assert answered["error"] == ["BadRequestError", "RowError", None]
    assert [response is None for response in answered["response"]] == [True, True, False]
    assert [request.json["messages"][-1]["content"] for request in server.requests] == ["Say a", "Say c"]


def test_what_is_wrong_is_told_before_a_row_is_read(configs: str) -> None:
    with pytest.raises(ConfigError, match="there is no model called 'gtp'"):
        Ask("gtp", configs, field="text")
    with pytest.raises(ModelHubError, match="one of field, prompt and messages_field"):
        Ask("gpt", configs)


@needs("ray")
def test_a_pipeline(ray_cluster: str, configs: str, server: MockServer) -> None:
    import ray.data

    rows = [{"id": n, "text": f"question {n}"} for n in range(20)]
    options = {"model": "gpt", "configs": configs, "field": "text", "concurrency": 4}
    asked = ray.data.from_items(rows).map_batches(Ask, fn_constructor_kwargs=options, batch_size=5, concurrency=(1, 2))
    answered = sorted(asked.take_all(), key=lambda row: row["id"])
    assert [row["text"] for row in answered] == [row["text"] for row in rows]
    assert {*COLUMNS} < {*answered[0]}
    assert all(row["response"] and row["error"] is None and row["usage"]["total_tokens"] for row in answered)
    assert len(server.requests) == len(rows)


@needs("ray")
@needs("redis")
def test_actors_keep_to_one_limit(ray_cluster: str, tmp_path: Path) -> None:
    import ray.data

    with run_redis(tmp_path) as redis, MockServer(latency=0.05) as server:
        more = f", limits: {{concurrency: 3, store: '{redis.url}'}}"
        options = {"model": "gpt", "configs": write_configs(tmp_path, server, more), "field": "text"}
        rows = ray.data.from_items([{"text": str(n)} for n in range(45)], override_num_blocks=9)
        asked = rows.map_batches(Ask, fn_constructor_kwargs=options, batch_size=5, concurrency=3)
        assert [row["error"] for row in asked.take_all()] == [None] * 45
        assert server.counts.most_in_flight == 3
