"""A guard under which nothing reaches beyond this machine: whatever tries fails at once, with the address it meant."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"}
_INTERNET = (socket.AF_INET, socket.AF_INET6)


class NetworkRefused(RuntimeError):
    """What was to go over the network is refused, since a test must not need one; ``address`` is where it was to go."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"this test may not use the network, but something asked for {address}: give it a server on this machine,"
            " such as that of the fixture modelhub_mock"
        )
        self.address = address


@contextmanager
def no_network() -> Iterator[None]:
    """Refuse connections, datagrams and look-ups of names that leave this machine; all is as before afterwards.

    Loopback addresses, the name ``localhost`` and Unix sockets work as ever. What is refused raises NetworkRefused,
    which is no OSError: code that tries again where a network fails does not. Child processes are not guarded.
    """
    with ExitStack() as stack:
        for name in ("connect", "connect_ex", "sendto", "sendmsg"):
            if hasattr(socket.socket, name):
                stack.enter_context(patch.object(socket.socket, name, _guard_method(name)))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo"):
            stack.enter_context(patch.object(socket, name, _guard_function(name, getattr(socket, name))))
        for transport in _find_datagram_transports():
            stack.enter_context(patch.object(transport, "sendto", _guard_transport(transport.sendto)))
        yield


def _find_datagram_transports() -> list[Any]:
    """The transports of asyncio that would only log what their sockets raise."""
    from asyncio import proactor_events, selector_events

    named = (selector_events, "_SelectorDatagramTransport"), (proactor_events, "_ProactorDatagramTransport")
    return [getattr(module, name) for module, name in named if hasattr(module, name)]


def _guard_transport(real: Callable[..., Any]) -> Callable[..., Any]:
    """A transport's ``sendto`` that looks at the address first."""

    def guarded(self: Any, data: Any, addr: Any = None) -> Any:
        if isinstance(addr, tuple) and addr:
            check_host(*addr[:2])
        return real(self, data, addr)

    return guarded


def _guard_method(name: str) -> Callable[..., Any]:
    """A method of sockets that looks at the address first, which is its last argument."""
    real = getattr(socket.socket, name)

    def guarded(self: socket.socket, *args: Any) -> Any:
        if self.family in _INTERNET and isinstance(args[-1], tuple) and args[-1]:
            check_host(*args[-1][:2])
        return real(self, *args)

    return guarded


def _guard_function(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    """A function that asks for names, and looks first at what it is asked for."""

    def guarded(*args: Any, **named: Any) -> Any:
        host = args[0] if args else named.get("host")
        if isinstance(host, tuple):
            check_host(*host[:2])
        elif name != "gethostbyaddr" or host != socket.gethostname():  # servers ask for their own name
            check_host(host)
        return real(*args, **named)

    return guarded


def check_host(host: Any, port: Any = None) -> None:
    """Raise NetworkRefused for a host that is not this machine."""
    text = host.decode("latin-1") if isinstance(host, bytes | bytearray) else host
    if text and not is_here(str(text)):
        raise NetworkRefused(str(text) if port is None else f"{text}:{port}")


def is_here(host: str) -> bool:
    """Whether a name or an address is this machine, without looking it up."""
    if host.lower().rstrip(".") in _NAMES:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    meant = getattr(address, "ipv4_mapped", None) or address
    return meant.is_loopback or meant.is_unspecified
