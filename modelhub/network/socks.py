"""Ways through SOCKS proxies, which the library python-socks asks for."""

from __future__ import annotations

from base64 import b64decode
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from modelhub.network.tcp import keep_alive
from modelhub.wire import Proxy

if TYPE_CHECKING:
    import socket

SCHEME = "socks5h"  # the proxy resolves the names of hosts
PORT = 1080
# What a proxy answers that gives no way (RFC 1928, section 6).
_ANSWERS = {
    1: "it failed",
    2: "its rules do not allow it",
    3: "the network is not reachable from there",
    4: "the host is not known or not reachable there",
    5: "the server refuses the connection",
    6: "the server is too far away",
}
_FOR_GOOD = (2,)


class NoWay(OSError):
    """A SOCKS proxy that gives no way: ``reason`` says why, in words of ours."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable


def is_socks(url: str | None) -> bool:
    """Whether what is sent goes through the proxy of this address as it is, since it is no proxy for HTTP."""
    return url is not None and url.startswith(f"{SCHEME}:")


def is_installed() -> bool:
    """Whether the library is there."""
    return find_spec("python_socks") is not None


def connect(proxy: Proxy, host: str, port: int, timeout: float | None) -> socket.socket:
    """A socket that is connected to ``host`` through ``proxy``; raises OSError, or NoWay if the proxy refuses."""
    from python_socks import ProxyError
    from python_socks.sync import Proxy as Opener

    try:
        return _prepare(Opener(*_describe(proxy), rdns=True).connect(host.strip("[]"), port, timeout))
    except (ProxyError, OSError) as error:
        failure = _translate(error)
    raise failure


async def aconnect(proxy: Proxy, host: str, port: int, timeout: float | None) -> socket.socket:
    """The same in an event loop."""
    from python_socks import ProxyError
    from python_socks.async_.asyncio import Proxy as Opener

    try:
        return _prepare(await Opener(*_describe(proxy), rdns=True).connect(host.strip("[]"), port, timeout))
    except (ProxyError, OSError) as error:
        failure = _translate(error)
    raise failure


def _describe(proxy: Proxy) -> tuple[Any, str, int, str | None, str | None]:
    """What the library wants to know: the kind, host and port of the proxy, user and password."""
    from python_socks import ProxyType

    host, _, port = proxy.url.partition("://")[2].rpartition(":")
    if proxy.authorization is None:
        return ProxyType.SOCKS5, host.strip("[]"), int(port), None, None
    user, _, password = b64decode(proxy.authorization.partition(" ")[2]).decode().partition(":")
    return ProxyType.SOCKS5, host.strip("[]"), int(port), user, password


def _prepare(sock: socket.socket) -> socket.socket:
    keep_alive(sock)
    return sock


def _translate(error: Exception) -> Exception:
    """The error to raise in place of the library's, which are handed on as little as what it knows of logins."""
    if isinstance(error, TimeoutError):
        return TimeoutError()
    if isinstance(error, OSError):
        return error.__cause__ if isinstance(error.__cause__, OSError) else OSError(error.errno, "")
    code = getattr(error, "error_code", None)
    if code in _ANSWERS:
        return NoWay(_ANSWERS[code], retryable=code not in _FOR_GOOD)
    if "auth" in str(error).lower():
        hint = "name user and password in the address of the proxy"
        return NoWay(f"it does not accept the login; {hint}", retryable=False)
    return NoWay("what it sent is not SOCKS, or it closed the connection", retryable=True)
