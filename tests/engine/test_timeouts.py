"""Every request of every built-in wrapper reaches the driver with the timeouts of its config; no wrapper sets them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.testing import Replay

from ..paths import ROOT

KEYS = ("OPENAI", "ANTHROPIC", "DASHSCOPE", "GEMINI", "ZHIPUAI", "YI", "GROQ", "MISTRAL", "TOGETHER", "LITELLM_PROXY")
INPUTS: dict[str, Any] = {"chat": "hi", "embedding": ["red"], "image": "a cat"}
MODEL_TYPES = sorted(path.stem for path in (ROOT / "schemas").glob("[!_]*.json"))
PENDING = {"status": 200, "body": '{"output": {"task_id": "t", "task_status": "PENDING"}}'}
DRAWN = {
    "status": 200,
    "body": '{"output": {"task_id": "t", "task_status": "SUCCEEDED", "results": [{"url": "http://i/1.png"}]}}',
}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(f"{name}_API_KEY", "key.secret")


COMPOSITES = {"cascade", "chain", "fallback", "router"}  # which ask others


def read_examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """The example configs of the project: file and config."""
    import yaml

    for path in sorted(path for path in (ROOT / "model_configs").iterdir() if path.is_file()):
        text = path.read_text("utf-8")
        configs = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        for config in configs:
            if config["model_type"] not in COMPOSITES:
                yield path.name, config


EXAMPLES = [pytest.param(config, id=f"{file}-{config['config_name']}") for file, config in read_examples()]


def ask(model: Any, replies: list[dict[str, Any]], how: str, **options: Any) -> Replay:
    """Call a model until the replies run out; what was sent."""
    model.drivers = recordings = Replay(replies)
    given = INPUTS[model.task]
    with pytest.raises(AssertionError, match="has no recorded reply"):
        if how == "async":
            asyncio.run(model.acall(given, **options))
        else:
            model(given, **options)
    return recordings


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize(("timeout", "connect"), [(77, 10), (3, 3)])
@pytest.mark.parametrize("config", EXAMPLES)
def test_requests_have_the_timeouts_of_the_config(config: dict[str, Any], timeout: int, connect: int, how: str) -> None:
    with ModelRegistry({**config, "timeout": timeout}) as hub:
        model = hub.get_model(config["config_name"])
        streams = [False, True] if model.can_stream() else [False]
        for stream in streams:
            busy = [{"status": 503, "body": "{}"}, {"status": 307, "headers": {"location": "?again"}}]
            sent = ask(model, busy, how, **({"stream": True} if stream else {})).requests
            assert [request.stream for request in sent] == [stream] * 3
            assert {(request.connect_timeout, request.timeout) for request in sent} == {(connect, timeout)}


def test_every_type_has_an_example() -> None:
    assert {config["model_type"] for _, config in read_examples()} == set(MODEL_TYPES) - COMPOSITES


def test_every_look_at_a_task_has_them() -> None:
    config = {"config_name": "x", "model_type": "dashscope_image_synthesis", "model_name": "wanx", "api_key": "k"}
    with ModelRegistry({**config, "timeout": 4}) as hub:
        model = hub.get_model("x")
        model.drivers = recordings = Replay([PENDING, PENDING, DRAWN])
        assert model("a cat").image_urls == ["http://i/1.png"]
    assert {(request.connect_timeout, request.timeout) for request in recordings.requests} == {(4, 4)}
    assert recordings.delays == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("model_type", ["anthropic_chat", "gemini_chat"])
def test_a_count_of_tokens_has_them(model_type: str) -> None:
    with ModelRegistry({"config_name": "x", "model_type": model_type, "api_key": "k", "timeout": 4}) as hub:
        model = hub.get_model("x")
        model.drivers = recordings = Replay([])
        with pytest.raises(AssertionError, match="has no recorded reply"):
            model.count_tokens("hi")
    assert [(request.connect_timeout, request.timeout) for request in recordings.requests] == [(4, 4)]
