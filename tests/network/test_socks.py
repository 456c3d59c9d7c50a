"""``socks5h://`` proxies: both drivers go through them, where the library python-socks is there."""

from __future__ import annotations

import importlib.util
import socket
import threading
from typing import Any

import pytest

from modelhub import ModelRegistry, errors

from .authority import Authority
from .server import RawServer, read_request
from .test_faults import CALLERS, ask, slam, tell
from .test_proxies import answer, build_status, pump

LOGIN = b"\x01\x04user\x06pa:s@s"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def read(connection: Any, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return data


class Socks(RawServer):
    """A SOCKS5 proxy; ``asked`` are the names and ports that it was asked for, ``status`` is what it answers."""

    def __init__(self, *, login: bytes | None = None, status: int = 0) -> None:
        super().__init__(self._pass_on)
        self.asked: list[tuple[bytes, int]] = []
        self.logins: list[bytes] = []
        self._login = login
        self._status = status
        self.address = self.url.replace("http:", "socks5h:")

    def _pass_on(self, connection: Any, number: int) -> None:
        methods = read(connection, read(connection, 2)[1])
        wanted = 2 if self._login else 0
        if wanted not in methods:
            connection.sendall(b"\x05\xff")
            return
        connection.sendall(bytes([5, wanted]))
        if self._login:
            version, length = read(connection, 2)
            user = read(connection, length)
            password = read(connection, read(connection, 1)[0])
            self.logins.append(bytes([version, length]) + user + bytes([len(password)]) + password)
            connection.sendall(bytes([1, self.logins[-1] != self._login]))
            if self.logins[-1] != self._login:
                return
        assert read(connection, 3) == b"\x05\x01\x00"
        kind = read(connection, 1)[0]
        name = read(connection, read(connection, 1)[0] if kind == 3 else 4)
        port = int.from_bytes(read(connection, 2), "big")
        self.asked.append((name, port))
        connection.sendall(bytes([5, self._status, 0, 1, 0, 0, 0, 0, 0, 0]))
        if self._status == 0:
            with socket.create_connection(("127.0.0.1", port)) as target:
                threading.Thread(target=pump, args=(target, connection), daemon=True).start()
                pump(connection, target)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("by", ["config", "environment"])
@pytest.mark.parametrize("stream", [False, True])
def test_through_socks(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, caller: str, secure: bool, by: str, stream: bool
) -> None:
    tls = authority.issue("models", ["models.example"]).serve() if secure else None
    with RawServer(answer, tls) as server, Socks(login=LOGIN) as proxy:
        address = proxy.address.replace("//", "//user:pa%3As@s@")
        if by == "environment":
            monkeypatch.setenv("ALL_PROXY", address)
        config = {"proxy": address} if by == "config" else {}
        # Only the proxy knows the name.
        url = server.url.replace("localhost", "models.example")
        assert ask(caller, url, stream, tls={"ca": str(authority.path)}, **config) == "ok"
        assert proxy.asked == [(b"models.example", server.port)]
        assert proxy.logins == [LOGIN]


REFUSALS = [
    (1, "it failed", True),
    (2, "its rules do not allow it", False),
    (4, "the host is not known or not reachable there", True),
    (5, "the server refuses the connection", True),
]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("status", "why", "retryable"), REFUSALS)
def test_a_proxy_that_gives_no_way(caller: str, status: int, why: str, retryable: bool) -> None:
    with Socks(status=status) as proxy:
        outcome = ask(caller, "https://models.example", proxy=proxy.address.replace("//", "//user:SECRET@"))
        assert tell(outcome) == f"the proxy {proxy.address} gives no way to https://models.example: {why}"
        assert (type(outcome), outcome.retryable) == (errors.ConnectionError, retryable)
        assert proxy.connections == (3 if retryable else 1)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("user", ["", "user:SECRET@"])
def test_a_login_that_is_refused(caller: str, user: str) -> None:
    with Socks(login=LOGIN) as proxy:
        outcome = ask(caller, "https://models.example", proxy=proxy.address.replace("//", f"//{user}"))
        why = "it does not accept the login; name user and password in the address of the proxy"
        assert tell(outcome) == f"the proxy {proxy.address} gives no way to https://models.example: {why}"
        assert not outcome.retryable


@pytest.mark.parametrize("caller", CALLERS)
def test_who_is_to_blame(authority: Authority, caller: str) -> None:
    with RawServer(lambda connection, number: read_request(connection)) as server, Socks() as proxy:
        outcome = ask(caller, server.url, proxy=proxy.address)
        assert tell(outcome) == f"the connection to {server.url} failed: closed before any reply"
    with RawServer(answer, authority.issue("server").serve()) as server, Socks() as proxy:
        outcome = ask(caller, server.url, proxy=proxy.address)
        assert tell(outcome).startswith(f"no secure connection to {server.url}: its certificate is of an unknown CA")
    with RawServer(lambda connection, number: connection.sendall(build_status("407 No"))) as server, Socks() as proxy:
        outcome = ask(caller, server.url, proxy=proxy.address)
        assert not isinstance(outcome, errors.ConnectionError)
        assert outcome.status == 407
    with RawServer(slam) as other:
        address = other.url.replace("http:", "socks5h:")
        outcome = ask(caller, "https://models.example", proxy=address)
        assert f"the proxy {address} " in tell(outcome)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"socks5h://127.0.0.1:{unused.getsockname()[1]}"
        outcome = ask(caller, "http://models.example", proxy=address)
        assert tell(outcome) == f"the connection to the proxy {address} failed: Connection refused"
    told = tell(ask(caller, "http://models.example", proxy="socks5h://nothing.invalid:1080"))
    assert told == "the connection to the proxy socks5h://nothing.invalid:1080 failed: the host name cannot be resolved"


@pytest.mark.parametrize("caller", CALLERS)
def test_a_proxy_that_is_silent(caller: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"socks5h://127.0.0.1:{silent.getsockname()[1]}"
        outcome = ask(caller, "https://models.example", proxy=address, timeout=0.2, retry={"max_attempts": 1})
        assert isinstance(outcome, errors.ConnectionError | errors.TimeoutError)
        assert address in tell(outcome)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("modelhub.network.socks.find_spec", lambda name: None if name == "python_socks" else find(name))
    config = {"config_name": "m", "model_type": "ollama_chat", "model_name": "x"}
    with (
        ModelRegistry({**config, "proxy": "socks5h://user:SECRET@proxy"}) as hub,
        pytest.raises(errors.ConfigError) as caught,
    ):
        hub.get_model("m")("hi")
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("MH203", ("proxy",))
    assert "the proxy socks5h://proxy needs the library python-socks" in problem.message
    assert problem.hint == "install it with `pip install python-socks`"
    assert "SECRET" not in str(caught.value)
    monkeypatch.setenv("ALL_PROXY", "socks5h://user:SECRET@proxy")
    told = tell(ask("blocking", "https://models.example"))
    assert told.startswith("the proxy socks5h://proxy that ALL_PROXY names needs the library python-socks: ")
