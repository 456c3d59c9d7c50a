"""What no good client sends is answered in the form of an API, or its connection is closed; the gateway lives on."""

from __future__ import annotations

import contextlib
import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPResponse
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from .fuzzing import BODIES, Case, build_cases, build_request
from .running import Running
from .wire import PATIENCE, exchange, find_fault


def test_requests_that_are_drawn(gateway: Running) -> None:
    cases = list(build_cases(20261129, 600))
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(partial(exchange, gateway.url), cases))
    faults = [find_fault(case, told) for case, told in zip(cases, replies, strict=True)]
    assert [fault for fault in faults if fault] == []
    statuses = Counter(reply.status for told in replies for reply in told)
    assert {200, 400, 404, 405, 413} <= statuses.keys()
    assert sum(1 for told in replies if told) > 400
    assert "Traceback" not in gateway.read_log()
    with urlopen(f"{gateway.url}/healthz", timeout=PATIENCE) as reply:
        assert reply.status == 200


@pytest.mark.parametrize("path", BODIES)
def test_the_bodies_that_the_others_are_made_of_are_good(gateway: Running, path: str) -> None:
    case = Case("good", build_request(path, json.dumps(BODIES[path]).encode()), (path,), whole=True)
    (reply,) = exchange(gateway.url, case)
    assert reply.status == 200, reply.body


def test_a_body_without_an_end_is_not_read_for_ever(gateway: Running) -> None:
    parts = urlsplit(gateway.url)
    chunk = b"100000\r\n" + b"[" * 0x100000 + b"\r\n"
    before = gateway.read_memory()
    with socket.create_connection((parts.hostname, parts.port), PATIENCE) as sock:
        sock.sendall(build_request("/v1/messages", b"", more="Transfer-Encoding: chunked", length=False))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(33):
                sock.sendall(chunk)
        reply = HTTPResponse(sock, method="POST")
        reply.begin()
        assert reply.status == 413 and json.loads(reply.read())["type"] == "error"
    assert gateway.read_memory() < before + 120
