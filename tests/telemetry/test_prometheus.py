"""The observer ``prometheus``: what is counted, what a scrape gets, and the multiprocess mode."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelCallError, ModelRegistry, events
from modelhub.testing import Player, Replay

prometheus_client = pytest.importorskip("prometheus_client")

OK = {
    "body": {
        "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}},
    }
}
STREAM = {
    "headers": {"Content-Type": "text/event-stream"},
    "chunks": [
        'data: {"choices": [{"index": 0, "delta": {"content": "hi"}}]}\n\n',
        'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
    ],
}


def chat(name: str, **more: Any) -> dict[str, Any]:
    return {"config_name": name, "model_type": "openai_chat", "model_name": "m", "api_key": "sekret-1", **more}


def scrape(hub: ModelRegistry) -> str:
    served = next(each.served for each in hub._observing.told if hasattr(each, "served"))
    with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/metrics", timeout=60) as reply:
        return str(reply.read().decode())


def read(text: str, name: str) -> dict[str, float]:
    """The samples of one config, less the buckets: by the name of the metric and its other labels."""
    found = {}
    for metric, labels, value in re.findall(r"^modelhub_(\w+)\{(.*)\} (\S+)$", text, re.M):
        pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        if pairs.pop("config_name", "") == name and not metric.endswith(("_bucket", "_created", "_sum")):
            assert pairs.pop("model_type") == "openai_chat"
            found[" ".join([metric, *pairs.values()])] = float(value)
    return {key: value for key, value in found.items() if value}


def test_what_a_scrape_gets() -> None:
    name = "scraped"
    with ModelRegistry(chat(name), observers=["prometheus:0"]) as hub:
        model = hub.get_model(name)
        model.drivers = Replay([{"status": 503, "body": "busy"}, OK, STREAM, {"status": 400, "body": "no"}, STREAM])
        model("hi")
        list(model("hi", stream=True))
        with pytest.raises(ModelCallError):
            model("hi")
        pieces = iter(model("hi", stream=True))
        next(pieces)
        assert read(scrape(hub), name)["in_flight"] == 1
        pieces.close()
        text = scrape(hub)
    assert read(text, name) == {
        "calls_total success": 2,
        "calls_total BadRequestError": 1,
        "calls_total left": 1,
        "call_seconds_count success": 2,
        "call_seconds_count BadRequestError": 1,
        "call_seconds_count left": 1,
        "first_token_seconds_count": 2,
        "attempts_total": 5,
        "retries_total": 1,
        "tokens_total prompt": 7,
        "tokens_total completion": 3,
        "tokens_total cached": 2,
    }
    assert "sekret" not in text
    with pytest.raises(OSError, match="refused"):
        scrape(hub)


def build_events(name: str) -> list[events.Event]:
    whose = (name, "c1", 1.0)
    end: dict[str, Any] = {
        "parent_id": None,
        "model_type": "openai_chat",
        "model": "m",
        "task": "chat",
        "seconds": 0.1,
        "first_token_seconds": None,
        "attempts": 1,
        "error": None,
        "finish_reason": "stop",
        "usage": None,
        "request_id": None,
        "stream": False,
        "response": None,
        "arguments": {},
        "cost": 0.25,
        "currency": "EUR",
    }
    return [
        events.CallStarted(*whose, None, 0.0, "openai_chat", "m", "chat", False, {}),
        events.Queued(*whose),
        events.BreakerChanged(*whose, "closed", "open"),
        events.FellBack(*whose, "a", "b", "TimeoutError"),
        events.CacheHit(*whose, True),
        events.BudgetExceeded(*whose, "usd", 5, 5, "day", "warn", 1.0),
        events.CallEnded(*whose, **end),
        events.CallEnded(name, "seen only at its end", 1.0, **end),
    ]


def test_what_is_told_besides() -> None:
    """Gauges go back to 0, whatever a call does last."""
    with ModelRegistry(observers=["prometheus:0"]) as hub:
        seen = []
        for event in build_events("besides"):
            hub._observing.told[0](event)
            seen.append(read(scrape(hub), "besides"))
        reloads = re.findall(r'^modelhub_reloads_total\{outcome="(\w+)"\} \S+$', scrape(hub), re.M)
    assert seen[1] == {"in_flight": 1, "queued": 1}
    assert seen[-1] == {
        "breaker_state": 2,
        "fallbacks_total b": 1,
        "cache_hits_total": 1,
        "budget_exceeded_total": 1,
        "calls_total success": 2,
        "call_seconds_count success": 2,
        "attempts_total": 2,
        "cost_total EUR": 0.5,
    }
    assert reloads in ([], ["success"])


def test_registries_share_the_metrics_and_the_port() -> None:
    with ModelRegistry(chat("one"), observers=["prometheus:127.0.0.1:0"]) as first:
        port = first._observing.told[0].served.port  # type: ignore[attr-defined]
    name = f"prometheus:{port}"
    with ModelRegistry(chat("one"), observers=[name]) as one, ModelRegistry(chat("two"), observers=[name]) as two:
        for hub, config in ((one, "one"), (two, "two")):
            hub.get_model(config).drivers = Replay([OK])
            hub.get_model(config)("hi")
        one.close()
        text = scrape(two)
        assert [read(text, config)["calls_total success"] for config in ("one", "two")] == [1, 1]
    with ModelRegistry(chat("two"), observers=[name]) as again:  # the port is free at once
        assert read(scrape(again), "two")["calls_total success"] == 1


def test_a_port_that_is_taken_costs_no_call(caplog: pytest.LogCaptureFixture) -> None:
    with Player() as player:
        port = player.url.rpartition(":")[2]
        with ModelRegistry(chat("taken"), observers=[f"prometheus:{port}"]) as hub:
            hub.get_model("taken").drivers = Replay([OK])
            assert hub.get_model("taken")("hi").text == "hi"
    assert f"the metrics are counted, but not served at 127.0.0.1:{port}" in caplog.text
    assert 'config_name="taken"' in prometheus_client.generate_latest().decode()


def test_async_calls_that_are_cancelled_are_under_way_no_more() -> None:
    async def run(hub: ModelRegistry) -> None:
        task = asyncio.create_task(hub.get_model("cancelled").acall("hi"))
        while not player.in_flight:
            await asyncio.sleep(0.001)
        assert read(scrape(hub), "cancelled")["in_flight"] == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await hub.aclose()

    with Player() as player:
        player.play({"timeout": True})
        config = chat("cancelled", client_args={"base_url": player.url})
        hub = ModelRegistry(config, observers=["prometheus:0"])
        asyncio.run(run(hub))
    text = prometheus_client.generate_latest().decode()
    assert read(text, "cancelled")["calls_total CancelledError"] == 1
    assert "in_flight" not in read(text, "cancelled")


WORKER = """
import os, sys, modelhub
from modelhub.testing import Replay
ok = {"body": {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}}
config = {"config_name": "many", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
hub = modelhub.init(config, observers=["prometheus"])
hub.get_model("many").drivers = Replay([ok] * 3)
for _ in range(int(sys.argv[1])):
    hub.get_model("many")("hi")
"""


def test_processes_count_together(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(count)], env=environment, stderr=subprocess.PIPE)
        for count in (1, 2)
    ]
    assert [(worker.communicate(timeout=60)[1], worker.returncode) for worker in workers] == [(b"", 0)] * 2
    code = (
        "import modelhub, urllib.request; hub = modelhub.init([], observers=['prometheus:0']);"
        "port = hub._observing.told[0].served.port;"
        "print(urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics').read().decode())"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    counted = read(done.stdout, "many")
    assert counted["calls_total success"] == 3
    assert counted["call_seconds_count success"] == 3
    assert "in_flight" not in counted
