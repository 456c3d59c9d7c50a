"""The store in Redis: what it costs when the server is slow, away or full, and what it says of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelhub.policies.storing import Store
from modelhub.stores import open_store

from ..model_servers.chosen import needs
from ..model_servers.redis_server import run_redis
from .fake_redis import FakeRedis


@pytest.fixture
def store(fake_redis: FakeRedis) -> Iterator[Store]:
    store = open_store(fake_redis.url)
    yield store
    store.close()


def test_keys_have_a_prefix_and_expire(fake_redis: FakeRedis, store: Store) -> None:
    store.put("a", b"1", 100.0, 160.5)
    store.put("b", b"1", 100.0, float("inf"))
    (one, other) = fake_redis.commands
    assert (one[1], one[3].upper(), one[4]) == (b"modelhub:cache:a", b"PX", b"60500")
    assert one[2].endswith(b"1") and other[1] == b"modelhub:cache:b" and len(other) == 3


@pytest.mark.parametrize("entry", [b"", b"1234567", b"\xff" * 8, b"\x7f\xf8" + b"\0" * 8])
def test_entries_of_others_are_misses(fake_redis: FakeRedis, store: Store, entry: bytes) -> None:
    fake_redis.entries[b"modelhub:cache:a"] = entry, float("inf")
    assert store.get("a", 100.0) is None


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "used memory"),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "loading"),
        (b"-NOAUTH Authentication required.\r\n", "Authentication"),
        (b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "wrong kind"),
        (b"", "fails"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "fails"),
    ],
)
def test_what_the_server_refuses(
    fake_redis: FakeRedis, store: Store, fault: bytes, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    fake_redis.fault = fault
    for n in range(5):
        assert store.get("a", 100.0 + n) is None
        store.put("a", b"1", 100.0 + n, 300.0)
    (record,) = caplog.records
    assert said in record.getMessage()
    fake_redis.fault = None
    store.put("a", b"1", 150.0, 300.0)
    assert store.get("a", 150.0) == b"1"


def test_a_server_that_hangs_costs_a_quarter_of_a_second_once(
    fake_redis: FakeRedis, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.put("a", b"1", 100.0, 300.0)
    fake_redis.silent = True
    before = time.monotonic()
    assert [store.get("a", 100.0) for _ in range(50)] == [None] * 50
    assert 0.2 < time.monotonic() - before < 2
    assert len(caplog.records) == 1
    fake_redis.silent = False
    assert store.get("a", 101.0) == b"1"


def test_a_connection_that_was_closed_while_idle_is_no_failure(
    fake_redis: FakeRedis, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "modelhub")
    fake_redis.drop_idle = True
    for n in range(5):
        store.put(str(n), b"1", 100.0, 300.0)
        assert store.get(str(n), 100.0) == b"1"
    assert not caplog.records


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "user:hunter2secret@127.0.0.1"])
def test_no_server(host: str, unused_port: int, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(f"redis://{host}:{unused_port}/0")
    before = time.monotonic()
    for _ in range(50):
        assert store.get("a", 100.0) is None
        store.put("a", b"1", 100.0, 300.0)
    assert time.monotonic() - before < 10
    (record,) = caplog.records
    assert record.getMessage().startswith(f"the store redis://{host.rpartition('@')[2]}:{unused_port}/0 fails")
    assert "hunter2secret" not in record.getMessage()
    store.close()


@needs("redis")
def test_a_real_server_that_restarts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with run_redis(tmp_path) as server:
        store = open_store(server.url)
        store.put("a", b"1", 100.0, 1e9)
        assert store.get("a", 100.0) == b"1"
        server.stop()
        assert [store.get("a", 101.0) for _ in range(20)] == [None] * 20
        store.put("a", b"1", 101.0, 1e9)
        server.start()
        assert store.get("a", 110.0) is None
        store.put("a", b"2", 110.0, 1e9)
        assert store.get("a", 110.0) == b"2"
        store.close()
    assert len(caplog.records) == 1


@needs("redis")
@pytest.mark.parametrize("login", [":hunter2secret", ":wrong", "", "nobody:hunter2secret"])
def test_a_real_password(tmp_path: Path, caplog: pytest.LogCaptureFixture, login: str) -> None:
    with run_redis(tmp_path, "--requirepass", "hunter2secret") as server:
        store = open_store(server.url.replace("//", f"//{login}@" if login else "//"))
        store.put("a", b"1", 100.0, 1e9)
        right = login == ":hunter2secret"
        assert store.get("a", 100.0) == (b"1" if right else None)
        store.close()
    assert len(caplog.records) == (0 if right else 1)
    assert "hunter2secret" not in caplog.text and "wrong@" not in caplog.text


@needs("redis")
def test_a_real_server_that_is_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with run_redis(tmp_path, "--maxmemory", "3mb", "--maxmemory-policy", "noeviction") as server:
        store = open_store(server.url)
        for n in range(40):
            store.put(str(n), b"x" * 200_000, 100.0, 1e9)
        assert store.get("0", 100.0) == b"x" * 200_000
        store.close()
    (record,) = caplog.records
    assert "used memory" in record.getMessage()
