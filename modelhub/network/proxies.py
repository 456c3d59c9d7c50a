"""The proxy that the environment names for a URL: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, read in one way."""

from __future__ import annotations

import base64
import re
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from modelhub.errors import ConnectionError
from modelhub.network import socks
from modelhub.wire import Proxy, Way

PORTS = {"http": 80, "https": 443}
_PROXY_PORTS = {**PORTS, socks.SCHEME: socks.PORT}


class BadProxy(ValueError):
    """What was meant to be a proxy and is none; its text begins with the words for what is wrong, and shows no login.

    ``shown`` is as much of the address as may be shown, empty if nothing is.
    """

    def __init__(self, problem: str, hint: str = "", shown: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        self.shown = shown


def find_proxy(url: str, way: Way | None = None) -> Proxy | None:
    """The proxy to reach ``url`` through: that of ``way``, else that of the environment.

    Raises a ConnectionError for one of the environment that cannot be used.
    """
    if way is not None and way.own_proxy:
        return way.proxy
    parts = urlsplit(url)
    proxies = getproxies()
    name = parts.scheme if proxies.get(parts.scheme) else "all"
    named = proxies.get(name)
    host = parts.hostname or ""
    if not named or _is_excluded(host, parts.port or PORTS.get(parts.scheme)):
        return None
    return parse_proxy(named, f"{name.upper()}_PROXY")


def parse_proxy(text: str, variable: str) -> Proxy:
    """The proxy that a variable names; raises a ConnectionError for one that cannot be used."""
    try:
        return read_proxy(text)
    except BadProxy as error:
        shown = f" {error.shown}" if error.shown else ""
        hint = f"{error.hint}, or the host of the model in NO_PROXY" if error.hint else ""
        told = f"the proxy{shown} that {variable} names {error.problem}{hint}"
    raise ConnectionError(told, retryable=False)


def read_proxy(text: str) -> Proxy:
    """The proxy that ``text`` names, which may lack the scheme; its user and password may be percent-encoded.

    Raises BadProxy for one that cannot be used.
    """
    scheme, separator, rest = text.strip().partition("://")
    scheme, rest = (scheme.lower(), rest) if separator else ("http", scheme)
    user, at, place = rest.removeprefix("//").rpartition("@")
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or re.search(r"[\s\x00-\x1f]", host):
        raise BadProxy("is not an address")
    address = f"{scheme}://" + (f"[{host}]" if ":" in host else host)
    if scheme == socks.SCHEME and not socks.is_installed():
        raise BadProxy("needs the library python-socks: ", "install it with `pip install python-socks`", address)
    if scheme not in _PROXY_PORTS:
        shown = address if re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) else "without a scheme that is known"
        only = "only http://, https:// and socks5h:// proxies can"
        raise BadProxy(f"cannot be used: {only}; ", "name one of these", shown)
    return Proxy(f"{address}:{port or _PROXY_PORTS[scheme]}", build_login(user) if at else None)


def find_login(url: str) -> str | None:
    """What logs in, as a header, where a URL begins with ``user:password@``."""
    user, at, _ = urlsplit(url).netloc.rpartition("@")
    return build_login(user) if at else None


def build_login(user: str) -> str:
    """What logs in, as a header, the ``user:password`` of a URL."""
    name, _, password = user.partition(":")
    return "Basic " + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()


def _is_excluded(host: str, port: int | None) -> bool:
    """Whether NO_PROXY, or where the environment names no proxy the settings of the system, exclude the host."""
    environment = getproxies_environment()
    if not environment and sys.platform in ("darwin", "win32"):
        return bool(proxy_bypass(host))
    return is_excluded(host, port, environment.get("no", ""))


def is_excluded(host: str, port: int | None, rules: str) -> bool:
    """Whether a list as in NO_PROXY names the host: by name, domain, address, network, or one of these with a port."""
    host = _plain(host)
    address = _address(host)
    for rule in re.split(r"[\s,;]+", rules):
        name, rule_port = _split_port(rule.strip())
        if not name or (rule_port is not None and rule_port != port):
            continue
        if name == "*":
            return True
        if "/" in name:
            try:
                network = ip_network(name.replace("[", "").replace("]", ""), strict=False)
            except ValueError:
                continue
            if address is not None and address.version == network.version and address in network:
                return True
            continue
        name = _plain(name.removeprefix("*").lstrip("."))
        rule_address = _address(name)
        if address is not None and rule_address is not None:
            if address == rule_address:
                return True
        elif name and (host == name or host.endswith(f".{name}")):
            return True
    return False


def _split_port(rule: str) -> tuple[str, int | None]:
    """A rule without its port, and the port; an IPv6 address has one only behind brackets."""
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d+)", rule)
    return (found[1], int(found[2])) if found else (rule, None)


def _plain(host: str) -> str:
    """A host as hosts are compared: in lower case, in ASCII, without brackets and the dot of a whole name."""
    host = host.lower().strip("[]").rstrip(".")
    if not host.isascii():
        try:
            return host.encode("idna").decode()
        except UnicodeError:
            return host
    return host


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
