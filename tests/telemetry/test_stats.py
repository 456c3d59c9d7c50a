"""What the calls of a registry came to: always counted, right to one part in a hundred, and in bounded memory."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import modelhub
from modelhub import ModelRegistry, errors
from modelhub.telemetry.histogram import Histogram
from modelhub.telemetry.tally import Tally
from modelhub.testing import Replay, VirtualClock

CHAT = {"config_name": "chat", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
HELLO = {
    "status": 200,
    "body": '{"choices": [{"message": {"content": "Hello!"}, "finish_reason": "stop"}],'
    ' "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}',
}
BUSY = {"status": 503, "headers": {"Retry-After": "4"}, "body": "{}"}
WRONG = {"status": 400, "body": "{}"}
STREAM = {
    "status": 200,
    "headers": {"Content-Type": "text/event-stream"},
    "chunks": ['data: {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}\n\n', "data: [DONE]\n\n"],
}

DISTRIBUTIONS: dict[str, Callable[[random.Random], float]] = {
    "uniform": lambda drawn: drawn.uniform(0.01, 2),
    "exponential": lambda drawn: drawn.expovariate(3),
    "lognormal": lambda drawn: drawn.lognormvariate(-1, 1.5),
    "pareto": lambda drawn: 0.001 * drawn.paretovariate(1.2),
    "two peaks": lambda drawn: drawn.gauss(0.2, 0.01) if drawn.random() < 0.9 else drawn.gauss(30, 2),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("count", [1, 2, 7, 20_000])
def test_percentiles_are_right_to_one_part_in_a_hundred(name: str, count: int) -> None:
    drawn = random.Random(7)
    values = sorted(DISTRIBUTIONS[name](drawn) for _ in range(count))
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    for percent, found in zip((0, 50, 95, 99, 100), histogram.find_percentiles(0, 50, 95, 99, 100), strict=True):
        rank = percent / 100 * (count - 1)
        low, high = values[int(rank)], values[min(int(rank) + 1, count - 1)]
        assert found == pytest.approx(low + (high - low) * (rank - int(rank)), rel=0.01)


def test_a_histogram_has_bounded_memory() -> None:
    histogram = Histogram()
    for power in range(-400, 400):
        histogram.add(10.0 ** (power / 10))
    histogram.add(0.0)
    assert len(histogram._counts) <= 2304
    assert sys.getsizeof(histogram._counts) < 150_000


def build(*answers: Any, **config: Any) -> tuple[ModelRegistry, Any, VirtualClock]:
    hub = ModelRegistry([{**CHAT, **config}, {"config_name": "never", "model_type": "openai_chat", "api_key": "k"}])
    model, clock = hub.get_model("chat"), VirtualClock()
    model.drivers = Replay(list(answers), clock=clock)
    return hub, model, clock


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Any]:
    def ask(model: Any, **options: Any) -> Any:
        async def wait() -> Any:
            response = await model.acall("Hi", **options)
            if options.get("stream"):
                async for _ in response:
                    pass
            return response

        if request.param == "async":
            return asyncio.run(wait())
        response = model("Hi", **options)
        return response.text and response if options.get("stream") else response

    return ask


def test_calls_are_counted(ask: Callable[..., Any]) -> None:
    hub, model, _ = build(HELLO, BUSY, HELLO, WRONG, STREAM)
    ask(model)
    ask(model)
    with pytest.raises(errors.BadRequestError):
        ask(model)
    ask(model, stream=True)
    stats = hub.stats()
    chat = stats["chat"]
    assert set(chat) == {
        *("calls", "errors", "retries", "in_flight", "queued", "cache_hits", "prompt_tokens", "completion_tokens"),
        *("cost", "seconds", "first_token_seconds", "tokens_per_second"),
    }
    assert (chat["calls"], chat["errors"], chat["retries"], chat["in_flight"], chat["queued"]) == (
        *(4, {"BadRequestError": 1}, 1, 0, 0),
    )
    assert (chat["prompt_tokens"], chat["completion_tokens"], chat["cost"]) == (2000, 1000, None)
    assert 3.8 < chat["seconds"]["p99"] < 4.5  # of four calls, of which one has waited for at least four seconds
    assert chat["first_token_seconds"]["p50"] is not None
    assert 1000 / 4.5 < chat["tokens_per_second"] <= 1000 / 4
    assert stats["never"]["calls"] == 0
    assert stats["never"]["seconds"] == {"p50": None, "p95": None, "p99": None}


def test_what_is_under_way_is_in_flight() -> None:
    hub, model, _ = build(STREAM)
    response = model("Hi", stream=True)
    assert hub.stats()["chat"]["in_flight"] == 1
    response.close()
    assert (hub.stats()["chat"]["in_flight"], hub.stats()["chat"]["errors"]) == (0, {})


def test_answers_out_of_the_cache_use_no_tokens() -> None:
    hub, model, _ = build(HELLO, cache={"ttl": 60}, generate_args={"temperature": 0})
    model("Hi")
    model("Hi")
    chat = hub.stats()["chat"]
    assert (chat["calls"], chat["cache_hits"], chat["prompt_tokens"]) == (2, 1, 1000)


def test_threads_lose_no_call() -> None:
    tally = Tally()

    def count() -> None:
        for _ in range(2000):
            tally.begin()
            tally.end((0.5, None, None, False, None, 0, None))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.started == tally.add_up().ended == 16_000
    assert not tally._ended


def test_the_table_names_what_has_happened() -> None:
    hub, model, _ = build(HELLO)
    model("Hi")
    head, chat, never = hub.stats().table().splitlines()
    assert head.split() == ["config", "calls", "errors", "in", "out", "p50", "p95", "p99", "tok/s"] or "p50" in head
    assert chat.split()[:3] == ["chat", "1", "0"]
    assert never.split()[:3] == ["never", "0", "0"]
    assert max(map(len, hub.stats().table().splitlines())) <= 80


def test_the_default_registry_has_stats(monkeypatch: pytest.MonkeyPatch) -> None:
    modelhub.init([CHAT])
    assert modelhub.stats()["chat"]["calls"] == 0
