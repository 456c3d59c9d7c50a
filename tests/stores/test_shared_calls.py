"""Calls of registries that share their limits through Redis, as those of several processes do."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer

from ..model_servers.redis_server import RedisServer
from .conftest import needs


def build(url: str, store: str, **limits: Any) -> ModelRegistry:
    return ModelRegistry(
        {
            "config_name": "m",
            "model_type": "openai_chat",
            "api_key": "k",
            "client_args": {"base_url": f"{url}/v1"},
            "retry": {"max_attempts": 1},
            "limits": {"store": store, **limits},
        }
    )


@pytest.fixture
def store(real_redis: RedisServer) -> str:
    import redis

    with redis.Redis.from_url(real_redis.url) as client:
        client.flushall()
    return real_redis.url


@pytest.mark.parametrize("stream", [False, True])
@needs("redis")
def test_registries_share_their_places(store: str, stream: bool) -> None:
    with MockServer(latency=0.05) as server, ExitStack() as stack:
        hubs = [stack.enter_context(build(server.url, store, concurrency=3, group="g")) for _ in range(3)]
        most, done = 0, threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.001):
                most = max(most, server.in_flight)

        async def ask_all(model: Any) -> list[Any]:
            return await asyncio.gather(*(model.acall(f"echo: {n}") for n in range(6)))

        def ask(n: int) -> str:
            reply = hubs[n % 3].get_model("m")(f"echo: {n}", stream=stream)
            return str(reply.text)

        watcher = threading.Thread(target=watch)
        watcher.start()
        with ThreadPoolExecutor(14) as threads:
            awaited = [threads.submit(asyncio.run, ask_all(hub.get_model("m"))) for hub in hubs[:2]]
            assert list(threads.map(ask, range(18))) == [str(n) for n in range(18)]
            assert [[reply.text for reply in one.result()] for one in awaited] == [[str(n) for n in range(6)]] * 2
        done.set()
        watcher.join()
        assert 1 < most <= 3


@needs("redis")
def test_a_full_limiter_fails(store: str, caller: Any) -> None:
    with MockServer(chunk_delay=0.02) as server, build(server.url, store, concurrency=1) as one:
        reply = one.get_model("m")("count: 200", stream=True)
        next(iter(reply))
        for limits in ({"on_limit": "fail"}, {"max_wait": 0.2}):
            with build(server.url, store, concurrency=1, **limits) as other:
                with pytest.raises(errors.RateLimitError) as caught:
                    caller.call(other.get_model("m"), "hi")
                assert (caught.value.code, [each.outcome for each in caught.value.trail]) == (
                    "local_limit",
                    ["rejected"],
                )
                with pytest.raises(errors.ModelCallError) as late:
                    caller.call(other.get_model("m"), "hi", timeout=0.05)
                assert isinstance(late.value, errors.TimeoutError) or limits == {"on_limit": "fail"}
        reply.close()
        with build(server.url, store, concurrency=1) as other:
            assert caller.call(other.get_model("m"), "echo: free").text == "free"


@needs("redis")
def test_a_429_holds_all(store: str) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(MockServer())
        one, other = (stack.enter_context(build(server.url, store, concurrency=3, max_wait=0.2)) for _ in range(2))
        server.script("429;retry-after=60")
        with pytest.raises(errors.RateLimitError):
            one.get_model("m")("hi")
        with pytest.raises(errors.RateLimitError) as caught:
            other.get_model("m")("hi")
        assert caught.value.code == "local_limit"
        assert len(server.requests) == 1


def test_without_redis_each_keeps_to_its_own(unused_port: int, caller: Any, caplog: pytest.LogCaptureFixture) -> None:
    dead = f"redis://:hunter2@127.0.0.1:{unused_port}/0"
    with MockServer() as server, build(server.url, dead, concurrency=2) as hub:
        for n in range(3):
            assert caller.call(hub.get_model("m"), f"echo: {n}").text == str(n)
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "limits" in line]) == 1
    assert "hunter2" not in "".join(said)
