"""Connecting: a dead address costs a moment, a dead peer is noticed, a dead connection is not used twice."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.network.tcp import IDLE, INTERVAL, PROBES
from modelhub.sync import connecting
from modelhub.sync.connecting import connect, interleave

from .server import RawServer, read_request, reply
from .test_faults import CALLERS, ask
from .test_proxies import answer


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Have every host name stand for these addresses."""
    found = [
        (socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))
        for host, port in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(found))


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """An address that lets nobody in and refuses nobody: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        waiting = []
        for _ in range(8):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(place)
            waiting.append(sock)
        yield place
        for sock in waiting:
            sock.close()


def find_unused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_a_silent_address_first(monkeypatch: pytest.MonkeyPatch, silent: tuple[str, int]) -> None:
    with RawServer(answer) as server:
        resolve(monkeypatch, silent, ("127.0.0.1", server.port))
        begin = time.monotonic()
        with connect("models.example", 80, 10) as sock:
            assert sock.getpeername()[1] == server.port
            assert sock.gettimeout() == 10
        assert time.monotonic() - begin < 3


def test_a_refused_address_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "HEAD_START", 60.0)
    with RawServer(answer) as server:
        resolve(monkeypatch, ("127.0.0.1", find_unused_port()), ("::1", 1), ("127.0.0.1", server.port))
        begin = time.monotonic()
        with connect("models.example", 80, 10) as sock:
            assert sock.getpeername()[1] == server.port
        assert time.monotonic() - begin < 3


def test_no_address_answers(monkeypatch: pytest.MonkeyPatch, silent: tuple[str, int]) -> None:
    resolve(monkeypatch, silent, silent)
    with pytest.raises(TimeoutError):
        connect("models.example", 80, 0.3)
    resolve(monkeypatch, silent)
    with pytest.raises(TimeoutError):
        connect("models.example", 80, 0.1)
    ports = [find_unused_port(), find_unused_port()]
    resolve(monkeypatch, *(("127.0.0.1", port) for port in ports))
    with pytest.raises(OSError, match="refused"):
        connect("models.example", 80, 10)


def test_families_take_turns() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    addresses = [(family, 1, 6, "", (str(n), 80)) for n, family in enumerate([six, six, six, four])]
    assert [address[4][0] for address in interleave(addresses)] == ["0", "3", "1", "2"]
    assert [address[0] for address in interleave(addresses[::-1])] == [four, six, six, six]


@pytest.mark.parametrize("caller", CALLERS)
def test_a_call_to_a_host_with_a_silent_address(
    monkeypatch: pytest.MonkeyPatch, silent: tuple[str, int], caller: str
) -> None:
    with RawServer(answer) as server:
        real = socket.getaddrinfo

        def look_up(host: Any, port: Any, *given: Any, **named: Any) -> Any:
            if host != "models.example":
                return real(host, port, *given, **named)
            dead = ("::ffff:127.0.0.1", silent[1], 0, 0)
            live = ("127.0.0.1", server.port)
            return [
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", dead),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", live),
            ]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        begin = time.monotonic()
        outcome = ask(caller, f"http://models.example:{server.port}")
        assert (outcome, time.monotonic() - begin < 3) == ("ok", True)


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="needs the names of Linux")
@pytest.mark.parametrize("caller", CALLERS)
def test_a_silent_peer_is_probed(monkeypatch: pytest.MonkeyPatch, caller: str) -> None:
    made: list[socket.socket] = []
    real = socket.socket.connect

    def note(sock: socket.socket, place: Any) -> None:
        made.append(sock.dup())
        real(sock, place)

    monkeypatch.setattr(socket.socket, "connect", note)
    with RawServer(answer) as server:
        asked: list[Any] = []

        def handle(connection: Any, number: int) -> None:
            while request := read_request(connection):
                asked.append([read_options(sock) for sock in made])
                assert request
                connection.sendall(reply())

        server._handle = handle
        assert ask(caller, f"http://127.0.0.1:{server.port}") == "ok"
    for sock in made:
        sock.close()
    assert (1, IDLE, INTERVAL, PROBES) in asked[0]
    assert IDLE + INTERVAL * PROBES <= 120


def read_options(sock: socket.socket) -> tuple[int, ...]:
    names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    on = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    return (on, *(sock.getsockopt(socket.IPPROTO_TCP, name) for name in names))


class Forgetful(RawServer):
    """Answers on a connection ``lives`` times, and closes it at the next request without a word."""

    def __init__(self, lives: int) -> None:
        super().__init__(self._answer)
        self.lives = lives
        self.together = threading.Barrier(1)

    def _answer(self, connection: Any, number: int) -> None:
        for _ in range(self.lives):
            if not read_request(connection):
                return
            self.requests.append(b"")
            self.together.wait(5)
            connection.sendall(reply())
        if read_request(connection):
            self.requests.append(b"")
            connection.close()


@pytest.mark.parametrize("caller", CALLERS)
def test_a_kept_connection_that_had_died(caller: str) -> None:
    async def main(model: Any) -> None:
        server.together = threading.Barrier(3)
        await asyncio.gather(*(model.acall("hi") for _ in range(3)))
        server.together = threading.Barrier(1)
        assert (await model.acall("hi")).text == "ok"

    with Forgetful(1) as server:
        client_args = {"base_url": f"{server.url}/v1"}
        config = {"config_name": "m", "model_type": "openai_chat", "client_args": client_args}
        with ModelRegistry({**config, "retry": {"max_attempts": 1}}) as hub:
            model = hub.get_model("m")
            if caller == "awaited":
                asyncio.run(main(model))
            else:
                server.together = threading.Barrier(3)
                threads = [threading.Thread(target=model, args=("hi",)) for _ in range(3)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(10)
                server.together = threading.Barrier(1)
                assert model("hi").text == "ok"
        assert len(server.requests) == 5, "one died unseen, and a fresh one answered"
        assert server.connections == 4


@pytest.mark.parametrize("caller", CALLERS)
def test_a_fresh_connection_that_dies_counts(caller: str) -> None:
    with Forgetful(0) as server:
        outcome = ask(caller, server.url, retry={"max_attempts": 1})
        assert type(outcome) is errors.ConnectionError
        assert len(server.requests) == 1
