"""The guard against the network: what leaves this machine fails at once, by whatever way, and all else works."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.testing import MockServer, NetworkRefused, no_network

ELSEWHERE = "203.0.113.7"  # a documentation address (RFC 5737)
CONFIG = {"config_name": "m", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}


def connect(address: Any, family: int = socket.AF_INET) -> None:
    with socket.socket(family) as sock:
        sock.settimeout(5)
        sock.connect(address)


async def open_connection(host: str) -> None:
    await asyncio.open_connection(host, 443)


async def send_datagram(address: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    try:
        transport.sendto(b"x", address)
    finally:
        transport.close()


def send_udp(address: tuple[str, int]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"x", address)


def send_message(address: tuple[str, int]) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.sendmsg([b"x"], [], 0, address)


def connect_ex(address: tuple[str, int]) -> None:
    with socket.socket() as sock:
        sock.connect_ex(address)


WAYS: dict[str, Any] = {
    "connect": lambda: connect((ELSEWHERE, 443)),
    "connect, IPv6": lambda: connect(("2001:db8::7", 443), socket.AF_INET6),
    "connect_ex": lambda: connect_ex((ELSEWHERE, 443)),
    "by name": lambda: socket.create_connection(("models.example", 443), 5),
    "UDP": lambda: send_udp((ELSEWHERE, 53)),
    "UDP, sendmsg": lambda: send_message((ELSEWHERE, 53)),
    "look-up": lambda: socket.getaddrinfo("models.example", 443),
    "old look-up": lambda: socket.gethostbyname("models.example"),
    "reverse look-up": lambda: socket.gethostbyaddr(ELSEWHERE),
    "asyncio": lambda: asyncio.run(open_connection(ELSEWHERE)),
    "asyncio, by name": lambda: asyncio.run(open_connection("models.example")),
    "asyncio, UDP": lambda: asyncio.run(send_datagram((ELSEWHERE, 53))),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_leaves_the_machine_fails_at_once(way: str) -> None:
    begun = time.monotonic()
    with no_network(), pytest.raises(NetworkRefused, match=r"203\.0\.113\.7|2001:db8::7|models\.example") as caught:
        WAYS[way]()
    assert caught.value.address in str(caught.value)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("url", [f"http://{ELSEWHERE}/v1", "https://models.example/v1"])
def test_a_model_that_would_leave(url: str, caller: Any) -> None:
    refused = pytest.raises(NetworkRefused, match=r"203\.0\.113\.7|models\.example")
    with no_network(), ModelRegistry({**CONFIG, "client_args": {"base_url": url}}) as hub, refused:
        caller.call(hub.get_model("m"), "hi")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_works(host: str, caller: Any) -> None:
    with MockServer() as server, no_network():
        url = server.url.replace("127.0.0.1", host)
        with ModelRegistry({**CONFIG, "client_args": {"base_url": f"{url}/v1"}}) as hub:
            assert caller.call(hub.get_model("m"), "echo: hi").text == "hi"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_loopback_works() -> None:
    with no_network(), socket.socket(socket.AF_INET6) as server:
        server.bind(("::1", 0))
        server.listen()
        connect(server.getsockname()[:2], socket.AF_INET6)


def test_unix_sockets_work() -> None:
    with tempfile.TemporaryDirectory() as folder, no_network(), socket.socket(socket.AF_UNIX) as server:
        path = str(Path(folder) / "s")
        server.bind(path)
        server.listen()
        connect(path, socket.AF_UNIX)
    one, other = socket.socketpair()
    one.close()
    other.close()


def test_all_is_as_before() -> None:
    names = [(socket.socket, "connect"), (socket.socket, "sendto"), (socket, "getaddrinfo"), (socket, "gethostbyname")]
    before = [getattr(owner, name) for owner, name in names]
    with pytest.raises(ZeroDivisionError), no_network(), no_network():
        assert [getattr(owner, name) for owner, name in names] != before
        _ = 1 // 0
    assert [getattr(owner, name) for owner, name in names] == before
    assert "connect" not in vars(socket.socket)
