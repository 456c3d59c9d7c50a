"""The mock server as a whole: what tests tell it and ask of it, and how it starts and stops."""

import asyncio
import errno
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
import requests
from aiohttp import web

from modelhub.errors import ModelHubError
from modelhub.server.http.listening import listen
from modelhub.server.mock import MockSettings, serve
from modelhub.testing import MockServer

SERVE = "import modelhub.server.mock as m; m.serve(m.MockSettings(), port=0)"


@pytest.fixture(scope="module")
def server():
    with MockServer() as server:
        yield server


def chat(server):
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    return requests.post(server.url + "/v1/chat/completions", json=body, timeout=10).json()["choices"][0]


def send_chat(server, text, fault="ok"):
    """A socket on which a streamed chat was asked for."""
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": text}]})
    line = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10)
    fields = ["POST /v1/chat/completions HTTP/1.1", "Host: x", f"X-Mock-Fault: {fault}", f"Content-Length: {len(body)}"]
    line.sendall("\r\n".join([*fields, "", body]).encode())
    return line


def test_scripted_answers_and_recorded_requests():
    with MockServer() as server:
        call = {"name": "add", "arguments": {"a": 1}}
        server.reply("first", {"text": "t", "reasoning": "r", "tool_calls": [call], "finish_reason": "length"})
        server.reply({"status": 418, "headers": {"X-Tea": "y"}, "body": b"\xff"}, {"chunks": [b"a", "é"]})
        requests.get(server.url + "/v1/models", timeout=10)
        assert chat(server)["message"]["content"] == "first"
        choice = chat(server)
        assert choice["message"]["reasoning_content"] == "r" and choice["finish_reason"] == "length"
        assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"]) == {"a": 1}
        raw = requests.get(server.url + "/api/tags", headers={"Authorization": "Bearer k"}, timeout=10)
        assert (raw.status_code, raw.headers["x-tea"], raw.content) == (418, "y", b"\xff")
        assert requests.post(server.url + "/llm/", data="x", timeout=10).content == "aé".encode()
        assert [one.path for one in server.requests[:2]] == ["/v1/models", "/v1/chat/completions"]
        assert server.requests[1].json["model"] == "m" and server.requests[-1].bytes == b"x"
        assert server.requests[3].headers["authorization"] == "Bearer k" and "Bearer" not in repr(server.requests)
        with pytest.raises(ValueError, match="tool_calls"):
            server.reply({"txt": "typo"})


def test_nothing_is_left_behind_whatever_the_clients_were_doing(caplog):
    descriptors = Path("/proc/self/fd")
    gc.collect()
    before = len(list(descriptors.glob("*"))), threading.enumerate()
    with ExitStack() as clients:
        with MockServer(chunk_delay=0.01) as server:
            for fault in ("hang", "stall", "ok", "cut", "reset"):
                clients.enter_context(send_chat(server, "count: 1000", fault))
            assert server.wait_until(lambda: len(server.requests) == 5, 5)
            assert server.connections == 5
            start = time.monotonic()
        assert time.monotonic() - start < 2
    gc.collect()
    # Fewer may be left: what other tests have not closed ends when it likes.
    assert len(list(descriptors.glob("*"))) <= before[0]
    assert set(threading.enumerate()) <= set(before[1])
    assert caplog.records == []


def test_a_client_that_does_not_read_delays_nothing():
    with MockServer() as server, send_chat(server, "count: 100000"):
        assert server.wait_until(lambda: server.in_flight == 1, 5)
        start = time.monotonic()
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_on_a_signal_even_with_a_hanging_request(number):
    process = Popen([sys.executable, "-W", "error", "-c", SERVE], stdout=PIPE, stderr=PIPE, text=True)
    with process:
        announced = process.stdout.readline()
        url = next(word for word in announced.split() if word.startswith("http://127.0.0.1:"))
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"GET /api/tags HTTP/1.1\r\nHost: x\r\nX-Mock-Fault: stall\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 200")
            os.kill(process.pid, number)
            out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def test_serve_says_that_a_port_is_taken(server):
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ModelHubError, match=f"^port {port} is in use; try --port 0$"):
        serve(MockSettings(), port=port)
    with pytest.raises(ModelHubError, match="not a port"):
        serve(MockSettings(), port=70000)


@pytest.mark.parametrize("ticks", range(5))
def test_a_connection_accepted_at_the_end_is_closed(ticks: int) -> None:
    async def main() -> None:
        callers = [socket.socket() for _ in range(5)]
        async with listen(web.Application(), "127.0.0.1", 0) as listener:
            port = int(listener.url.rpartition(":")[2])
            for caller in callers:
                caller.setblocking(False)
                assert caller.connect_ex(("127.0.0.1", port)) in (0, errno.EINPROGRESS)
            for _ in range(ticks):
                await asyncio.sleep(0)
        for caller in callers:
            caller.close()

    asyncio.run(main())
    # A socket left open is an unraisable ResourceWarning, which fails the test.
    gc.collect()
