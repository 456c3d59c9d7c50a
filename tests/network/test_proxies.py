"""One reading of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY for both drivers, and proxies that fail are named."""

from __future__ import annotations

import base64
import socket
import threading
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import errors
from modelhub.network.proxies import find_proxy, is_excluded, parse_proxy

from .server import CERTIFICATE, RawServer, build_tls, read_request, reply, sending
from .test_faults import CALLERS, SELF_SIGNED, ask, reset, slam, tell

PROXIES = [
    ("http://proxy:3128", "http://proxy:3128", None),
    ("HTTP://proxy:3128/", "http://proxy:3128", None),
    ("proxy:3128", "http://proxy:3128", None),
    ("  proxy:3128 ", "http://proxy:3128", None),
    ("//proxy:3128", "http://proxy:3128", None),
    ("http://proxy", "http://proxy:80", None),
    ("https://proxy", "https://proxy:443", None),
    ("http://[::1]:3128", "http://[::1]:3128", None),
    ("10.0.0.1:8080", "http://10.0.0.1:8080", None),
    ("socks5h://proxy", "socks5h://proxy:1080", None),
    ("SOCKS5H://us:secret@[::1]:1", "socks5h://[::1]:1", "us:secret"),
    ("http://user:secret@proxy:3128", "http://proxy:3128", "user:secret"),
    ("user:secret@proxy:3128", "http://proxy:3128", "user:secret"),
    ("https://us%40er:p%3Ass%2Fw%C3%B6rd@proxy:3128", "https://proxy:3128", "us@er:p:ss/wörd"),
    ("http://user:p@ss#w/d@proxy:3128", "http://proxy:3128", "user:p@ss#w/d"),
    ("http://user@proxy:3128", "http://proxy:3128", "user:"),
]


@pytest.mark.parametrize(("text", "url", "login"), PROXIES)
def test_forms_of_a_proxy(text: str, url: str, login: str | None) -> None:
    proxy = parse_proxy(text, "HTTP_PROXY")
    assert proxy.url == url
    assert proxy.authorization == (login and "Basic " + base64.b64encode(login.encode()).decode())


@pytest.mark.parametrize("scheme", ["socks4", "socks5", "SOCKS5", "ftp", "quic"])
def test_a_proxy_of_another_kind(scheme: str) -> None:
    with pytest.raises(errors.ConnectionError) as caught:
        parse_proxy(f"{scheme}://user:SECRET@proxy:1080", "ALL_PROXY")
    assert caught.value.message.startswith(f"the proxy {scheme.lower()}://proxy that ALL_PROXY names cannot be used: ")
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "text", ["http://", "http://:3128", "http://user:SECRET@proxy:port", "http://[::1", "http://a b"]
)
def test_what_is_no_proxy(text: str) -> None:
    with pytest.raises(errors.ConnectionError) as caught:
        parse_proxy(text, "HTTP_PROXY")
    assert caught.value.message == "the proxy that HTTP_PROXY names is not an address"
    assert not caught.value.retryable


EXCLUDED = [
    ("models.example", "models.example"),
    ("models.example", "MODELS.Example"),
    ("models.example.", "models.example"),
    ("models.example", "models.example."),
    ("models.example", ".example"),
    ("models.example", "example"),
    ("models.example", "*.example"),
    ("example", ".example"),
    ("models.example", "*"),
    ("models.example", "other, models.example"),
    ("models.example", "other models.example"),
    ("models.example", "other,*"),
    ("models.example:8443", "models.example:8443"),
    ("models.example:443", ".example:443"),
    ("10.1.2.3", "10.0.0.0/8"),
    ("10.1.2.3", "192.168.0.0/16,10.1.2.3/32"),
    ("10.1.2.3", "10.1.2.3"),
    ("10.1.2.3:8000", "10.1.2.3:8000"),
    ("10.1.2.3", "10.1.2.9/16"),
    ("[::1]", "::1"),
    ("[::1]", "[::1]"),
    ("[::1]:8000", "[::1]:8000"),
    ("[::1]", "0:0:0:0:0:0:0:1"),
    ("[fd00::12]", "fd00::/8"),
    ("[::ffff:10.1.2.3]", "10.0.0.0/8"),
    ("bücher.example", "xn--bcher-kva.example"),
    ("xn--bcher-kva.example", "bücher.example"),
    ("127.0.0.1", ".0.0.1"),
]
INCLUDED = [
    ("models.example", ""),
    ("models.example", " , ,"),
    ("models.example", "example.models"),
    ("notexample", "example"),
    ("models.example", "odels.example"),
    ("models.example:8443", "models.example:443"),
    ("models.example", "sub.models.example"),
    ("10.1.2.3", "11.0.0.0/8"),
    ("10.1.2.3", "fd00::/8"),
    ("10.1.2.3", "nonsense/8"),
    ("10.example", "10.0.0.0/8"),
    ("[::1]:8000", "[::1]:80"),
    ("[::1]", "1"),
    ("210.1.2.3", "10.1.2.3"),
]


@pytest.mark.parametrize(
    ("host", "rules", "excluded"), [(*row, True) for row in EXCLUDED] + [(*row, False) for row in INCLUDED]
)
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str, rules: str, excluded: bool) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", rules)
    assert (find_proxy(f"https://{host}/v1") is None) is excluded


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_networks(address: Any, prefix: int) -> None:
    network = IPv4Network((address, prefix), strict=False)
    assert is_excluded(str(address), 443, f"{address}/{prefix}")
    for other in (network[0], network[-1]):
        assert is_excluded(str(other), 443, str(network))
    outside = int(network[-1]) + 1
    if outside < 1 << 32:
        assert not is_excluded(str(type(address)(outside)), 443, str(network))


TEXTS = st.text(":.[]/,*%@ 019af\u00e9\u4f60-", max_size=30)


@given(TEXTS, TEXTS)
def test_any_text_is_read(host: str, rules: str) -> None:
    assert is_excluded(host, 443, f"{rules},*")
    assert is_excluded(host, 443, rules) in (True, False)


NAMED = [
    ({"HTTP_PROXY": "a:1"}, "http", "http://a:1"),
    ({"http_proxy": "a:1"}, "http", "http://a:1"),
    ({"HTTP_PROXY": "a:1"}, "https", None),
    ({"HTTPS_PROXY": "a:1"}, "https", "http://a:1"),
    ({"ALL_PROXY": "a:1"}, "https", "http://a:1"),
    ({"all_proxy": "a:1"}, "http", "http://a:1"),
    ({"ALL_PROXY": "socks5://b:1", "HTTPS_PROXY": "a:1"}, "https", "http://a:1"),
    ({"https_proxy": "a:1", "HTTPS_PROXY": "b:1"}, "https", "http://a:1"),
    ({"HTTPS_PROXY": ""}, "https", None),
    ({"ALL_PROXY": "a:1", "HTTPS_PROXY": ""}, "https", "http://a:1"),
    ({}, "https", None),
]


@pytest.mark.parametrize(("environment", "scheme", "url"), NAMED)
def test_which_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], scheme: str, url: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = find_proxy(f"{scheme}://models.example/v1")
    assert (proxy and proxy.url) == url


def build_status(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()


LOGIN = "HTTP 407 (Proxy Authentication Required); name user and password in the address of the proxy"
REFUSALS = [
    (sending(build_status("407 SECRET")), f"refuses the way to https://models.example: {LOGIN}", 1),
    (
        sending(b"HTTP/1.1 100 Continue\r\n\r\n" + build_status("407 SECRET")),
        f"refuses the way to https://models.example: {LOGIN}",
        1,
    ),
    (sending(build_status("403 No")), "refuses the way to https://models.example: HTTP 403 (Forbidden)", 1),
    (sending(build_status("502 No")), "refuses the way to https://models.example: HTTP 502 (Bad Gateway)", 3),
    (sending(build_status("999 No")), "refuses the way to https://models.example: HTTP 999", 3),
    (slam, "failed: closed before any reply", 3),
    (reset, "failed: closed before any reply", 3),
    (sending(b"HTTP/1.1 20"), "failed: closed before the reply was whole", 3),
    (sending(b"SSH-2.0-OpenSSH\r\n"), "failed: it speaks SSH", 1),
    (
        sending(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n"),
        "failed: the headers of the reply are too large",
        1,
    ),
]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("handle", "meaning", "tries"), REFUSALS)
def test_a_proxy_that_refuses(
    monkeypatch: pytest.MonkeyPatch, caller: str, handle: Any, meaning: str, tries: int
) -> None:
    with RawServer(handle) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url.replace("//", "//user:SECRET@"))
        outcome = ask(caller, "https://models.example")
        told = f"the proxy {server.url} {meaning}"
        assert type(outcome) is errors.ConnectionError
        assert tell(outcome) in (told, f"the connection to {told}")
        assert server.connections == tries


@pytest.mark.parametrize("caller", CALLERS)
def test_a_proxy_that_refuses_plain_requests(monkeypatch: pytest.MonkeyPatch, caller: str) -> None:
    with RawServer(sending(build_status("407 SECRET"))) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.replace("//", "//user:SECRET@"))
        outcome = ask(caller, "http://models.example")
        assert tell(outcome) == f"the proxy {server.url} refuses the way to http://models.example: {LOGIN}"
        assert (outcome.status, server.connections) == (407, 1)
    with RawServer(slam) as server:
        monkeypatch.setenv("HTTP_PROXY", server.url.replace("//", "//user:SECRET@"))
        outcome = ask(caller, "http://models.example")
        assert tell(outcome) == f"the connection to the proxy {server.url} failed: closed before any reply"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch, caller: str, scheme: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("ALL_PROXY", f"user:SECRET@{place}")
        told = tell(ask(caller, f"{scheme}://models.example"))
        assert told == f"the connection to the proxy http://{place} failed: Connection refused"
    monkeypatch.setenv("ALL_PROXY", "user:SECRET@nothing.invalid:3128")
    told = tell(ask(caller, f"{scheme}://models.example"))
    assert told == "the connection to the proxy http://nothing.invalid:3128 failed: the host name cannot be resolved"


@pytest.mark.parametrize("caller", CALLERS)
def test_tls_to_a_plain_proxy(monkeypatch: pytest.MonkeyPatch, caller: str) -> None:
    with RawServer(lambda connection, number: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")) as server:
        url = server.url.replace("http:", "https:")
        monkeypatch.setenv("HTTPS_PROXY", url.replace("//", "//user:SECRET@"))
        outcome = ask(caller, "https://models.example")
        assert tell(outcome) == f"no secure connection to the proxy {url}: it does not speak TLS"
        assert server.connections == 1


@pytest.mark.parametrize("caller", CALLERS)
def test_socks(monkeypatch: pytest.MonkeyPatch, caller: str) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://user:SECRET@proxy:1080")
    outcome = ask(caller, "https://models.example")
    assert type(outcome) is errors.ConnectionError
    assert "only http://, https:// and socks5h:// proxies can" in tell(outcome)


def pump(source: Any, target: Any) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Proxy(RawServer):
    """A proxy that works; ``requests`` are what it was asked."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(self._pass_on, **settings)

    def _pass_on(self, connection: Any, number: int) -> None:
        while request := read_request(connection):
            self.requests.append(request)
            if request.startswith(b"CONNECT"):
                port = int(request.split()[1].rpartition(b":")[2])
                with socket.create_connection(("127.0.0.1", port)) as target:
                    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    threading.Thread(target=pump, args=(target, connection), daemon=True).start()
                    pump(connection, target)
                return
            connection.sendall(reply("passed on"))


def answer(connection: Any, number: int) -> None:
    while read_request(connection):
        connection.sendall(reply())


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("secure", [False, True], ids=["http proxy", "https proxy"])
def test_through_a_proxy(monkeypatch: pytest.MonkeyPatch, caller: str, secure: bool) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with Proxy(tls=build_tls() if secure else None) as proxy, RawServer(answer, build_tls()) as server:
        monkeypatch.setenv("ALL_PROXY", proxy.url.replace("//", "//us%40er:p%3Ass@"))
        assert ask(caller, server.url) == "ok"
        assert ask(caller, "http://models.example") == "passed on"
        way, passed = proxy.requests
    assert way.startswith(f"CONNECT localhost:{server.port} ".encode())
    assert passed.startswith(b"POST http://models.example/v1/chat/completions?key=SECRET ")
    for request in (way, passed):
        assert request.count(b"Proxy-Authorization: Basic dXNAZXI6cDpzcw==\r\n") == 1


@pytest.mark.parametrize("caller", CALLERS)
def test_the_server_behind_a_proxy_is_blamed_for_its_own(monkeypatch: pytest.MonkeyPatch, caller: str) -> None:
    with Proxy() as proxy, RawServer(answer, build_tls()) as server:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        outcome = ask(caller, server.url)
        assert tell(outcome) == f"no secure connection to {server.url}: {SELF_SIGNED}"
