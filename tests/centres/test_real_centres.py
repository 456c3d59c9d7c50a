"""What is particular to etcd, Consul and Redis: keys, folders, logins, what each refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelhub.centres import etcd as dialect
from modelhub.centres.centres import Centres
from modelhub.configs import load

from ..model_servers.centre_servers import Consul, Etcd, Redis, run_centre
from ..model_servers.chosen import needs
from ..model_servers.redis_server import find_redis, run_redis

A = "- {config_name: a, model_type: openai_chat, model_name: m}\n"
SECRET = "hunter2-of-alice"


@pytest.fixture(scope="module")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    with run_centre("etcd", tmp_path_factory.mktemp("etcd")) as server:
        assert isinstance(server, Etcd)
        yield server


@pytest.fixture(scope="module")
def consul(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consul]:
    with run_centre("consul", tmp_path_factory.mktemp("consul")) as server:
        assert isinstance(server, Consul)
        yield server


@pytest.fixture(scope="module")
def redis_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with run_centre("redis", tmp_path_factory.mktemp("redis")) as server:
        assert isinstance(server, Redis)
        yield server


def name_all(address: str) -> list[str]:
    loaded = load(address)
    assert loaded.problems == []
    return [entry.config["config_name"] for entry in loaded.entries]


def explain(address: str) -> str:
    (problem,) = load(address).problems
    assert problem.code == "MH101"
    return f"{problem.message}; {problem.hint}"


@needs("etcd")
def test_etcd(etcd: Etcd) -> None:
    keys = ("plain", "/app/x", "app/ü 1", "a" * 300, "app//y")
    for key in keys:
        etcd.put(key, A)
    for key, written in zip(keys, ("plain", "/app/x", "app/%C3%BC%201", "a" * 300, "app//y"), strict=True):
        assert name_all(etcd.find_address(written)) == ["a"], key
    assert "there is no key 'app' in etcd, but keys that begin with it; name one key, such as app/" in explain(
        etcd.find_address("app")
    )
    assert "there is no key 'nothing' in etcd; " in explain(etcd.find_address("nothing"))
    assert "names no key" in explain(etcd.find_address(""))
    etcd.put("large", "#" * 1_400_000)
    assert "no model config" in load(etcd.find_address("large")).problems[0].message


@needs("etcd")
def test_etcd_with_logins(etcd: Etcd, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store for everybody takes a login, too; one with logins refuses who has none, or a wrong one."""
    monkeypatch.setenv("ETCD_PASSWORD", SECRET)
    etcd.put("mine", A)
    etcd.put("other", A)
    plain = etcd.find_address("mine")
    alice = plain.replace("://", "://alice:${ETCD_PASSWORD}@")
    assert name_all(alice) == ["a"]
    for path, body in {
        "auth/user/add": {"name": "root", "password": "r"},
        "auth/role/add": {"name": "root"},
        "auth/user/grant": {"user": "root", "role": "root"},
    }.items():
        etcd.post(path, **body)
    etcd.post("auth/user/add", name="alice", password=SECRET)
    etcd.post("auth/role/add", name="reader")
    etcd.post("auth/role/grant", name="reader", perm={"permType": "READ", "key": b64encode(b"mine").decode()})
    etcd.post("auth/user/grant", user="alice", role="reader")
    etcd.post("auth/enable")
    try:
        assert name_all(alice) == ["a"]
        assert "etcd refuses access" in explain(plain)
        assert "refuses access" in explain(alice.replace("mine", "other"))
        wrong = explain(plain.replace("://", f"://alice:{SECRET}x@").replace(f"{SECRET}x", "${ETCD_WRONG:-wrong-one}"))
        assert "etcd refuses the login" in wrong and "wrong-one" not in wrong
    finally:
        token = etcd.post("auth/authenticate", name="root", password="r")["token"]
        subprocess.run(
            [
                "curl",
                "-sf",
                "-H",
                f"Authorization: {token}",
                "-d",
                "{}",
                f"http://127.0.0.1:{etcd.port}/v3/auth/disable",
            ],
            check=True,
            capture_output=True,
        )


NEWS = {
    b"": False,
    b'{"result":{"header":{},"created":true}}': False,
    b'{"result":{"header":{},"created":true}}\n{"result":{"events":[{"kv"': False,
    b'{"result":{"created":true}}\n{"result":{"events":[{"kv":{}}]}}\n': True,
    b'{"result":{"canceled":true,"compact_revision":"7"}}': True,
    b'{"error":{"grpc_code":14}}': True,
    b"<html>": False,
}


@pytest.mark.parametrize("so_far", NEWS)
def test_what_etcd_tells(so_far: bytes) -> None:
    assert dialect.is_news(so_far) is NEWS[so_far]


@needs("etcd")
def test_history_that_etcd_has_forgotten(etcd: Etcd) -> None:
    """A watch that begins at a revision that was compacted ends at once, and the key is read again."""
    etcd.put("old", A)
    centres = Centres()
    reading = centres.read(etcd.find_address("old"))
    assert reading.centre is not None
    etcd.put("old", A + "#")
    etcd.put("old", A + "##")
    revision = int(etcd.post("kv/put", key="eA==", value="eA==")["header"]["revision"])
    etcd.post("kv/compaction", revision=revision)
    from modelhub.centres.opening import open_connection

    connection = open_connection(reading.centre.address)
    text: Any = reading.centre.last
    start = time.monotonic()
    connection.wait(text)
    connection.close()
    assert time.monotonic() - start < 5


@needs("consul")
def test_consul(consul: Consul) -> None:
    for key in ("plain", "app/x", "app/y%201", "empty/"):
        consul.put(key, "" if key == "empty/" else A)
    for key in ("plain", "app/x", "app/y%201", "plain?dc=dc1", "plain?stale="):
        assert name_all(consul.find_address(key)) == ["a"], key
    assert "there is no key 'app' in Consul, but a folder of that name; name a key in it, such as app/x" in explain(
        consul.find_address("app")
    )
    assert "the key 'empty/' is a folder" in explain(consul.find_address("empty/"))
    assert "there is no key 'nothing' in Consul" in explain(consul.find_address("nothing"))
    assert "names no key" in explain(consul.find_address(""))
    assert "HTTP 500" in explain(consul.find_address("plain?dc=elsewhere"))
    ready = f"consul://127.0.0.1:{consul.port}"
    assert "what answers is not Consul" in explain(f"{ready.replace('consul', 'etcd')}/plain").replace(
        "what answers has no API of etcd's version 3", "what answers is not Consul"
    )


@needs("consul")
def test_consul_with_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Consul(tmp_path)
    server.token = SECRET
    try:
        server.start()
        server.put("mine", A)
        monkeypatch.setenv("CONSUL_TOKEN", SECRET)
        address = server.find_address("mine")
        assert name_all(address.replace("://", "://${CONSUL_TOKEN}@")) == ["a"]
        assert "refuses access: HTTP 403 (Permission denied)" in explain(address)
        wrong = explain(address.replace("://", "://${NO_TOKEN:-wrong-one}@"))
        assert "refuses access: HTTP 403 (ACL not found)" in wrong
    finally:
        server.kill()


@needs("redis")
def test_redis(redis_centre: Redis) -> None:
    import redis

    with redis.Redis(port=redis_centre.port) as client, redis.Redis(port=redis_centre.port, db=3) as third:
        client.set("a:b/c", A)
        third.set("k", A)
        client.hset("hash", "k", "v")
        client.set("large", b"#" * (11 << 20))
        client.set("empty", b"")
    start = f"redis://127.0.0.1:{redis_centre.port}"
    for key in ("0/a:b/c", "3/k", "3/k?format=yaml"):
        assert name_all(f"{start}/{key}") == ["a"]
    assert "the key 'hash' is no string" in explain(f"{start}/0/hash")
    assert "larger than 10 MB" in explain(f"{start}/0/large")
    assert "there is no key 'k' in the database 0" in explain(f"{start}/0/k")
    assert "names no database" in explain(f"{start}/k")
    assert "names no key" in explain(f"{start}/0")
    assert "unknown parameter 'tb'" in explain(f"{start}/0/k?tb=2")
    assert "refuses the request: DB index is out of range" in explain(f"{start}/99/k")
    assert load(f"{start}/0/empty").problems[0].code == "MH106"


@needs("redis")
def test_redis_with_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis

    assert find_redis() is not None
    monkeypatch.setenv("REDIS_PASSWORD", SECRET)
    with run_redis(tmp_path, "--requirepass", SECRET) as server:
        with redis.Redis(port=server.port, password=SECRET) as client:
            client.set("k", A)
        address = f"{server.url}/k"
        assert name_all(address.replace("://", "://:${REDIS_PASSWORD}@")) == ["a"]
        assert "refuses access" in explain(address)
        wrong = explain(address.replace("://", "://:${NO_PASSWORD:-wrong-one}@"))
        assert "refuses access" in wrong and "wrong-one" not in wrong


def test_redis_out_of_reach(unused_port: int) -> None:
    assert "no answer from 127.0.0.1" in explain(f"redis://127.0.0.1:{unused_port}/0/k")


ADDRESSES: dict[str, Callable[[int], str]] = {
    "etcd": lambda port: f"etcd://127.0.0.1:{port}/k",
    "consul": lambda port: f"consul://127.0.0.1:{port}/k",
    "nacos": lambda port: f"nacos://127.0.0.1:{port}/k",
}


@pytest.mark.parametrize("kind", ADDRESSES)
def test_another_server_on_that_port(kind: str, plain_web: Any) -> None:
    """Whatever a server answers that is none of that kind, it is a problem and no failure of ours."""
    for answer in (
        (200, b"[]"),
        (200, b"{}"),
        (200, b"\xff"),
        (200, json.dumps({"kvs": [{"value": 7}]}).encode()),
        (400, b"?"),
    ):
        plain_web.override = lambda path, answer=answer: (answer[0], {}, answer[1])
        loaded = load(ADDRESSES[kind](plain_web.port))
        assert {problem.code for problem in loaded.problems} <= {"MH101", "MH106"}
        assert loaded.problems or kind == "nacos", "Nacos sends texts as they are"


def test_redis_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modelhub.centres.redis", None)
    assert "need the library redis; install it with `pip install redis`" in explain("redis://h/0/k")
