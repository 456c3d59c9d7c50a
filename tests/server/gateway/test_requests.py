"""Requests to a gateway: who may ask, what is refused, and what comes back."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import requests

from modelhub.policies.budget import find_period
from modelhub.server.gateway import connections, reading
from modelhub.testing import MockServer

from .running import HELLO, chat, serving, write_keys, write_models


@pytest.fixture(scope="module")
def mock() -> Iterator[MockServer]:
    with MockServer(retry_after="") as mock:
        yield mock


@pytest.fixture(scope="module")
def url(mock: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway without keys."""
    with serving(write_models(tmp_path_factory.mktemp("open"), mock, ["chat", "other"])) as (url, _):
        yield url


@pytest.fixture(scope="module")
def guarded(mock: MockServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """A gateway with keys, and those."""
    folder = tmp_path_factory.mktemp("guarded")
    price = {"prompt": 1e6, "completion": 1e6}
    models = write_models(folder, mock, ["chat", "chat-2", "secret"], price=price)
    keys, given = write_keys(
        folder,
        {"name": "all"},
        {"name": "some", "models": ["chat*"]},
        {"name": "slow", "limits": {"rpm": 1}},
        {"name": "poor", "budget": {"usd": 5, "store": "memory"}},
        {"name": "frugal", "budget": {"tokens": 1, "per": "hour", "store": "memory"}},
    )
    with serving(models, keys) as (url, _):
        yield url, given


def exchange(url: str, sent: bytes) -> bytes:
    """All that comes back for what is sent on a connection of its own, until it is closed."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), 20) as connection:
        connection.sendall(sent)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def test_a_chat(url: str) -> None:
    reply = chat(url)
    assert reply.status_code == 200, reply.text
    assert reply.json()["model"] == "chat"
    assert reply.json()["choices"][0]["message"]["content"]
    assert reply.headers["Server"] == "modelhub"


def test_a_stream(url: str) -> None:
    reply = chat(url, stream=True, messages=[{"role": "user", "content": "count: 5"}])
    lines = [line for line in reply.iter_lines() if line]
    assert reply.headers["Content-Type"].startswith("text/event-stream")
    assert len(lines) >= 6
    assert lines[-1] == b"data: [DONE]"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"x-api-key": "k"}, {"Authorization": "é"}])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/nowhere", "/metrics"])
def test_a_key_is_needed(guarded: tuple[str, list[str]], headers: dict[str, str], path: str) -> None:
    headers = {name: value.encode("latin-1").decode("latin-1") for name, value in headers.items()}
    reply = requests.get(guarded[0] + path, headers=headers, timeout=20)
    assert reply.status_code == 401
    assert "key is missing or wrong" in reply.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_needs_no_key(guarded: tuple[str, list[str]], path: str) -> None:
    assert requests.get(guarded[0] + path, timeout=20).status_code == 200
    assert requests.head(guarded[0] + path, timeout=20).status_code == 200
    assert requests.post(guarded[0] + path, timeout=20).status_code == 405


@pytest.mark.parametrize("build", [lambda key: {"Authorization": f"bearer {key}"}, lambda key: {"X-API-Key": key}])
def test_a_key_may_come_in_either_header(guarded: tuple[str, list[str]], build: Any) -> None:
    url, keys = guarded
    assert requests.get(f"{url}/v1/models", headers=build(keys[0]), timeout=20).status_code == 200


def test_a_caller_sees_its_models(guarded: tuple[str, list[str]]) -> None:
    url, keys = guarded
    for key, names in ((keys[0], ["chat", "chat-2", "secret"]), (keys[1], ["chat", "chat-2"])):
        reply = requests.get(f"{url}/v1/models", headers={"x-api-key": key}, timeout=20)
        assert [model["id"] for model in reply.json()["data"]] == names
    assert chat(url, keys[0], model="secret").status_code == 200
    for name in ("secret", "nothing"):
        refused = chat(url, keys[1], model=name)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")


def test_limits_of_a_caller(guarded: tuple[str, list[str]]) -> None:
    url, keys = guarded
    assert chat(url, keys[2]).status_code == 200
    refused = chat(url, keys[2])
    assert (refused.status_code, refused.json()["error"]["message"]) == (429, "your limits allow no more now")
    assert 50 <= int(refused.headers["Retry-After"]) <= 60
    assert chat(url, keys[0]).status_code == 200


@pytest.mark.parametrize(("number", "stream"), [(3, False), (4, True)])
def test_the_budget_of_a_caller(guarded: tuple[str, list[str]], number: int, stream: bool) -> None:
    url, keys = guarded
    assert chat(url, keys[number], stream=stream).text
    refused = chat(url, keys[number], stream=stream)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "budget_exceeded")
    assert refused.json()["error"]["message"] == "your budget is used up"


def test_metrics(guarded: tuple[str, list[str]]) -> None:
    url, keys = guarded
    chat(url, keys[0])
    page = requests.get(f"{url}/metrics", headers={"x-api-key": keys[0]}, timeout=20).text
    assert 'modelhub_calls_total{config_name="chat"' in page
    assert 'modelhub_gateway_requests_total{protocol="openai",status="200"}' in page
    assert not any(key in page for key in keys)


def test_pages_of_the_web_cannot_ask_a_server_without_keys(url: str) -> None:
    for origin, status in (("https://evil.example", 403), ("null", 403), ("http://localhost:3000", 200)):
        reply = requests.get(f"{url}/v1/models", headers={"Origin": origin}, timeout=20)
        assert reply.status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("POST", "/v1/models", 405, "GET"),
        ("GET", "/v1/chat/completions", 405, "POST"),
        ("GET", "/", 404, "nothing"),
        ("GET", "/v1/%2e%2e/etc/passwd", 404, "nothing"),
        ("GET", "/v1/models/nobody", 404, "nobody"),
        ("DELETE", "/v1/models/chat", 405, "GET"),
    ],
)
def test_what_is_at_no_path(url: str, method: str, path: str, status: int, says: str) -> None:
    reply = requests.request(method, url + path, timeout=20)
    assert (reply.status_code, says in reply.json()["error"]["message"]) == (status, True), reply.text


@pytest.mark.parametrize(
    ("body", "headers", "status", "says"),
    [
        (b"", {}, 400, "empty"),
        (b"{", {}, 400, "not JSON"),
        (b"[1]", {}, 400, "object"),
        (b"{}", {}, 400, "model"),
        (b"\xff\xfe", {}, 400, "not JSON"),
        (b"[" * 100_000, {}, 400, "not JSON"),
        (b"{}", {"Content-Encoding": "gzip"}, 415, "compressed"),
        (b"{}", {"Expect": "miracles"}, 417, "100-continue"),
    ],
)
def test_a_body_that_is_none(url: str, body: bytes, headers: dict[str, str], status: int, says: str) -> None:
    reply = requests.post(f"{url}/v1/chat/completions", data=body, headers=headers, timeout=20)
    assert (reply.status_code, says in reply.json()["error"]["message"]) == (status, True), reply.text


HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"


def test_a_body_that_is_too_large_is_not_read(url: str) -> None:
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), 20) as connection:
        connection.sendall(HEAD + b"Content-Length: 33554433\r\n\r\n")
        came = b""
        while not came.endswith(b"}"):
            came += connection.recv(65536)
    assert came.startswith(b"HTTP/1.1 413 ")
    assert b'"message":"the body is larger than 32 MB"' in came


def test_a_body_without_an_end_is_read_up_to_the_limit(url: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(34):
            yield bytes(1024 * 1024)

    assert requests.post(f"{url}/v1/chat/completions", data=pieces(), timeout=20).status_code == 413


def test_a_body_is_waited_for_when_it_is_asked_for(url: str) -> None:
    place, body = urlsplit(url), b'{"model": "nobody", "messages": [{"role": "user", "content": "hi"}]}'
    with socket.create_connection((place.hostname or "", place.port or 0), 20) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"what is this\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"A: " + b"a" * 20_000 + b"\r\n\r\n",
        HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(500)) + b"Connection: close\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused(url: str, sent: bytes) -> None:
    came = exchange(url, sent)
    assert re.match(rb"HTTP/1\.[01] 400 ", came)
    assert b"Server: modelhub\r\n" in came
    assert b'{"error":{"message":"' in came


def test_the_vendors_key_stays_inside(mock: MockServer, url: str) -> None:
    mock.reply({"status": 401, "body": '{"error": {"message": "wrong key mock.key", "code": "invalid_api_key"}}'})
    reply = chat(url)
    assert reply.status_code == 401
    assert "mock.key" not in reply.text


def test_an_error_before_the_first_piece_is_a_status(mock: MockServer, url: str) -> None:
    mock.script("429;retry-after=7")
    refused = chat(url, stream=True)
    assert (refused.status_code, refused.headers["Content-Type"]) == (429, "application/json")
    assert refused.headers["Retry-After"] == "7"


def test_an_error_after_it_is_an_event(mock: MockServer, url: str) -> None:
    mock.script("cut")
    reply = chat(url, stream=True, messages=[{"role": "user", "content": "count: 9"}])
    lines = [line for line in reply.iter_lines() if line]
    assert reply.status_code == 200
    assert b'data: {"error":{' in lines[-1]


def test_who_leaves_ends_the_call(mock: MockServer, url: str) -> None:
    place = urlsplit(url)
    for stream, fault in ((False, "hang"), (True, "stall")):
        mock.script(fault)
        with socket.create_connection((place.hostname or "", place.port or 0), 20) as connection:
            body = orjson.dumps({"model": "chat", "messages": HELLO, "stream": stream})
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert mock.wait_until(lambda: mock.in_flight == 1, 10)
        assert mock.wait_until(lambda: mock.in_flight == 0, 10)


def test_a_slow_reader_holds_up_the_model(mock: MockServer, url: str) -> None:
    place = urlsplit(url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        connection.connect((place.hostname or "", place.port or 0))
        question = '{"model": "chat", "stream": true, "messages": [{"role": "user", "content": "count: 100000"}]}'
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(question) + question.encode())
        connection.recv(1000)
        assert mock.wait_until(lambda: mock.in_flight == 1, 10)
        assert not mock.wait_until(lambda: mock.in_flight == 0, 1)  # 20 MB do not fit into what lies between
    assert mock.wait_until(lambda: mock.in_flight == 0, 10)


def test_calls_are_told_with_their_caller(mock: MockServer, tmp_path: Path) -> None:
    keys, (key, limited) = write_keys(tmp_path, {"name": "plain"}, {"name": "limited", "limits": {"concurrency": 9}})
    told: list[Any] = []
    with serving(write_models(tmp_path, mock), keys) as (url, service):
        service.hub.observe(lambda event: told.append(event) if type(event).__name__ == "CallEnded" else None)
        for one in (key, limited):
            assert chat(url, one).status_code == 200
    assert [event.config_name for event in told] == ["chat", "chat"]
    assert [event.tags for event in told] == [("caller:plain",), ("caller:limited",)]


def test_a_stream_that_is_left_is_charged_and_gives_its_place_back(mock: MockServer, tmp_path: Path) -> None:
    budget, limits = {"tokens": 10_000, "store": "memory"}, {"concurrency": 1}
    keys, (key,) = write_keys(tmp_path, {"name": "one", "limits": limits, "budget": budget})
    with serving(write_models(tmp_path, mock), keys) as (url, service):
        mock.script("stall")
        with chat(url, key, stream=True, messages=[{"role": "user", "content": "count: 50"}]) as reply:
            lines = reply.iter_lines()  # which ends the reply when nobody has it any more
            next(lines)
            assert chat(url, key).status_code == 429
        assert mock.wait_until(lambda: mock.in_flight == 0, 10)
        for _ in range(1000):
            if (status := chat(url, key).status_code) == 200:
                break
        assert status == 200
        guards = service.gateway.entrances.find(service.gateway.callers.all[0]).guards
        assert guards is not None
        assert guards.account is not None
        account = guards.account
        assert account.ledger.read(account.key, find_period(account.budget.per, 0)).tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_does_not_fit_its_schema_is_for_the_caller_to_judge(
    mock: MockServer, url: str, stream: bool
) -> None:
    mock.reply({"text": "{", "finish_reason": "length"})
    reply = chat(url, stream=stream, response_format={"type": "json_object"})
    assert reply.status_code == 200
    assert b'"finish_reason":"length"' in reply.content
    assert b'"error"' not in reply.content


def test_nobody_keeps_a_connection_waiting(mock: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADERS_WITHIN", 0.1)
    monkeypatch.setattr(reading, "_PAUSE", 0.1)
    with serving(write_models(tmp_path, mock)) as (url, _):
        assert exchange(url, HEAD) == b""
        came = exchange(url, HEAD + b"Content-Length: 20\r\n\r\n{")
        assert came.startswith(b"HTTP/1.1 408 ")
        assert b"did not come in time" in came
        came = exchange(url, b"GET http://x/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert came.endswith(b"\r\n\r\nok\n")
