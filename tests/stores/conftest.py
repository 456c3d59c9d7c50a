"""Stores of every kind, empty; Redis twice, the one that tests can make fail and a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelhub.policies.storing import Store
from modelhub.stores import open_store

from ..model_servers.chosen import needs
from ..model_servers.redis_server import RedisServer, run_redis
from .fake_redis import FakeRedis


@pytest.fixture
def fake_redis() -> Iterator[FakeRedis]:
    server = FakeRedis()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def real_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with run_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


KINDS = ["memory", "sqlite", "fake redis", pytest.param("real redis", marks=needs("redis"))]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The text of a store that is empty."""
    if request.param == "memory":
        return "memory"
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'folder' / 'cache.db'}"
    if request.param == "fake redis":
        return str(request.getfixturevalue("fake_redis").url)
    import redis

    url: str = request.getfixturevalue("real_redis").url
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    store = open_store(place)
    yield store
    store.close()
