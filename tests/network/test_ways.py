"""``proxy`` and ``tls`` of a config: both drivers obey them alike, and they win over the environment."""

from __future__ import annotations

import asyncio
import base64
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.network.certificates import build_context

from .authority import Authority
from .server import CERTIFICATE, RawServer, build_tls, sending
from .test_faults import CALLERS, SELF_SIGNED, ask, tell
from .test_proxies import LOGIN, Proxy, answer, build_status


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def own_contexts() -> Iterator[None]:
    yield
    from modelhub.network import certificates

    certificates._CONTEXTS.clear()


def deny(connection: Any, number: int) -> None:
    """A proxy that nobody is to ask."""
    connection.close()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("secure", [False, True], ids=["http proxy", "https proxy"])
@pytest.mark.parametrize("no_proxy", ["", "*", "localhost,models.example"])
def test_a_proxy_of_a_config(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, caller: str, secure: bool, no_proxy: str
) -> None:
    monkeypatch.setenv("NO_PROXY", no_proxy)
    monkeypatch.setenv("ALL_PROXY", "http://nothing.invalid:3128")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setenv("PROXY_PASSWORD", "p%3Ass@w/rd")
    tls = authority.issue("server").serve()
    with Proxy(tls=tls if secure else None) as proxy, RawServer(answer, tls) as server:
        config = {
            "proxy": proxy.url.replace("//", "//us%40er:${PROXY_PASSWORD}@"),
            "tls": {"ca": str(authority.path)},
        }
        assert ask(caller, server.url, **config) == "ok"
        assert ask(caller, "http://models.example", **config) == "passed on"
        way, passed = proxy.requests
    login = base64.b64encode(b"us@er:p:ss@w/rd")
    assert way.startswith(f"CONNECT localhost:{server.port} ".encode())
    assert passed.startswith(b"POST http://models.example/v1/chat/completions?key=SECRET ")
    for request in (way, passed):
        assert request.count(b"Proxy-Authorization: Basic " + login + b"\r\n") == 1


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("secure", [False, True])
def test_null_is_no_proxy(monkeypatch: pytest.MonkeyPatch, authority: Authority, caller: str, secure: bool) -> None:
    with RawServer(deny) as proxy, RawServer(answer, authority.issue("server").serve() if secure else None) as server:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        tls = {"ca": str(authority.path)}
        assert ask(caller, server.url, proxy=None, tls=tls) == "ok"
        assert proxy.connections == 0
        assert isinstance(ask(caller, server.url, tls=tls), errors.ConnectionError)
        assert proxy.connections > 0


@pytest.mark.parametrize("caller", CALLERS)
def test_streams_go_the_same_way(authority: Authority, caller: str) -> None:
    with Proxy() as proxy, RawServer(answer, authority.issue("server").serve()) as server:
        outcome = ask(caller, server.url, stream=True, proxy=proxy.url, tls={"ca": str(authority.path)})
        assert outcome == "ok"
        assert len(proxy.requests) == 1


async def _call(model: Any) -> str:
    return (await model.acall("hi")).text


@pytest.mark.parametrize("caller", CALLERS)
def test_ways_share_no_connection(authority: Authority, caller: str) -> None:
    server_tls = authority.issue("server").serve(authority.path)
    one, two = authority.issue("one"), authority.issue("two")
    seen: list[tuple[int, str]] = []

    def tell_who(connection: Any, number: int) -> None:
        subject = dict(pair for (pair,) in connection.getpeercert()["subject"])
        seen.append((number, subject["commonName"]))
        answer(connection, number)

    def describe(name: str, issued: Any, **more: Any) -> dict[str, Any]:
        tls = {"ca": str(authority.path), "cert": str(issued.both)}
        base_url = f"{server.url}/v1"
        kind = {"model_type": "openai_chat", "api_key": "k", "client_args": {"base_url": base_url}}
        return {"config_name": name, **kind, "tls": tls, **more}

    with RawServer(tell_who, server_tls) as server, Proxy() as proxy:
        configs = [
            describe("a", one),
            describe("b", two),
            describe("same as a", one),
            describe("c", one, proxy=proxy.url),
            describe("d", one, proxy=proxy.url.replace("//", "//u:pass@")),
        ]
        with ModelRegistry(configs) as hub:
            names = ["a", "b", "same as a", "c", "d", "a", "b", "c", "d"]
            if caller == "blocking":
                assert [hub.get_model(name)("hi").text for name in names] == ["ok"] * 9
            else:

                async def run() -> list[str]:
                    return [await _call(hub.get_model(name)) for name in names]

                assert asyncio.run(run()) == ["ok"] * 9
        assert server.connections == 4
    assert sorted(who for _, who in seen) == ["one", "one", "one", "two"]
    assert [b"Proxy-Authorization" in request for request in proxy.requests] == [False, True]


@pytest.mark.parametrize("caller", CALLERS)
def test_connections_close_with_the_registry(caller: str) -> None:
    ended = threading.Event()

    def handle(connection: Any, number: int) -> None:
        answer(connection, number)
        ended.set()

    with RawServer(handle) as server:
        config = {"config_name": "m", "model_type": "openai_chat", "api_key": "k", "proxy": None}
        hub = ModelRegistry({**config, "client_args": {"base_url": f"{server.url}/v1"}})
        if caller == "blocking":
            assert hub.get_model("m")("hi").text == "ok"
            assert not ended.is_set()
            hub.close()
            assert ended.wait(5)
        else:

            async def run() -> bool:
                assert await _call(hub.get_model("m")) == "ok"
                assert not ended.is_set()
                hub.close()
                return await asyncio.to_thread(ended.wait, 5)

            assert asyncio.run(run())


REFUSED = [
    ("expired", {"days": (-30, -1)}, "its certificate has expired"),
    ("early", {"days": (5, 30)}, "its certificate is not valid yet; see whether the clock of this machine is right"),
    (
        "host",
        {"hosts": ["a.example"]},
        "hostname mismatch: its certificate is for another host name than localhost",
    ),
    ("self-signed", {"self_signed": True}, SELF_SIGNED),
]
UNKNOWN = "its certificate is of an unknown CA (unable to get local issuer certificate); to trust it, name it in tls.ca"


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("through", ["directly", "through a proxy", "at the proxy"])
@pytest.mark.parametrize(("name", "wrong", "why"), REFUSED)
def test_a_certificate_that_is_refused(
    authority: Authority, caller: str, through: str, name: str, wrong: Any, why: str
) -> None:
    bad, good = authority.issue(name, **wrong).serve(), authority.issue("server").serve()
    at_proxy = through == "at the proxy"
    with RawServer(answer, good if at_proxy else bad) as server, Proxy(tls=bad if at_proxy else None) as proxy:
        way = None if through == "directly" else proxy.url
        outcome = ask(caller, server.url, proxy=way, tls={"ca": str(authority.path)})
        assert type(outcome) is errors.ConnectionError
        peer = f"the proxy {proxy.url}" if at_proxy else server.url
        assert tell(outcome) == f"no secure connection to {peer}: {why}"
        assert not outcome.retryable
        assert proxy.connections + server.connections == (2 if through == "through a proxy" else 1)


@pytest.mark.parametrize("caller", CALLERS)
def test_an_unknown_authority(authority: Authority, caller: str, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    with RawServer(answer, authority.issue("server").serve()) as server:
        for tls in (None, {"ca": str(other.path)}):
            outcome = ask(caller, server.url, tls=tls)
            assert (tell(outcome), outcome.retryable) == (f"no secure connection to {server.url}: {UNKNOWN}", False)
        address = server.url.replace("localhost", "127.0.0.1")
        assert ask(caller, address, tls={"ca": str(authority.path)}) == "ok"
    with RawServer(answer, authority.issue("other host", ["10.1.1.1"]).serve()) as server:
        address = server.url.replace("localhost", "127.0.0.1")
        told = tell(ask(caller, address, tls={"ca": str(authority.path)}))
        assert "IP address mismatch: its certificate is for other addresses than 127.0.0.1" in told


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("name", "wrong", "why"), REFUSED)
@pytest.mark.filterwarnings("ignore:.*MH403")
def test_nothing_is_checked_without_verify(
    authority: Authority, caller: str, name: str, wrong: Any, why: str, tmp_path: Path
) -> None:
    bad = authority.issue(name, **wrong).serve()
    with RawServer(answer, bad) as server, Proxy(tls=bad) as proxy:
        assert ask(caller, server.url, tls={"verify": False}) == "ok"
        assert ask(caller, server.url, tls={"verify": False, "ca": str(Authority(tmp_path).path)}) == "ok"
        assert ask(caller, server.url, tls={"verify": False}, proxy=proxy.url) == "ok"
        assert ask(caller, "http://models.example", tls={"verify": False}, proxy=proxy.url) == "passed on"
        assert isinstance(ask(caller, server.url), errors.ConnectionError)  # another model is checked as before


CLIENTS = ["both", "apart"]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("how", CLIENTS)
def test_a_certificate_of_the_client(authority: Authority, caller: str, how: str) -> None:
    client = authority.issue("client")
    shown = {"cert": str(client.both)} if how == "both" else {"cert": str(client.cert), "key": str(client.key)}
    with RawServer(answer, authority.issue("server").serve(authority.path)) as server:
        assert ask(caller, server.url, tls={"ca": str(authority.path), **shown}) == "ok"


@pytest.mark.parametrize("caller", CALLERS)
def test_a_client_without_a_certificate(authority: Authority, caller: str, tmp_path: Path) -> None:
    with RawServer(answer, authority.issue("server").serve(authority.path)) as server:
        outcome = ask(caller, server.url, tls={"ca": str(authority.path)})
        assert tell(outcome) == (
            f"{server.url} refuses the connection: it asks for a certificate of the client; name it in tls.cert"
        )
        assert (outcome.retryable, server.connections) == (False, 1)
        other = Authority(tmp_path, "other").issue("stranger")
        outcome = ask(caller, server.url, tls={"ca": str(authority.path), "cert": str(other.both)})
        assert tell(outcome) == (
            f"{server.url} refuses the connection: the certificate of the client is of a CA that is not trusted there"
        )
        assert not outcome.retryable


@pytest.mark.parametrize("caller", CALLERS)
def test_a_config_wins_over_the_environment(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, caller: str, tmp_path: Path
) -> None:
    with RawServer(answer, authority.issue("server").serve()) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        assert isinstance(ask(caller, server.url), errors.ConnectionError)
        assert ask(caller, server.url, tls={"ca": str(authority.path)}) == "ok"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere"))
        assert ask(caller, server.url, tls={"ca": str(authority.path)}) == "ok"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
        assert ask(caller, server.url, tls={"cert": str(authority.issue("client").both)}) == "ok"


def walk(error: BaseException) -> Iterator[BaseException]:
    """The error and all that comes along with it."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [found for found in (each.__cause__, each.__context__) if found is not None]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("by", ["config", "environment"])
@pytest.mark.parametrize("handle", [sending(build_status("407 No")), sending(build_status("502 No")), deny])
def test_no_error_holds_the_password(
    monkeypatch: pytest.MonkeyPatch, caller: str, scheme: str, by: str, handle: Any
) -> None:
    login = base64.b64encode(b"us3rname:pa55-word").decode()
    with RawServer(handle) as proxy:
        address = proxy.url.replace("//", "//us3rname:pa55%2Dword@")
        if by == "environment":
            monkeypatch.setenv("ALL_PROXY", address)
        outcome = ask(caller, f"{scheme}://models.example", **({"proxy": address} if by == "config" else {}))
        assert isinstance(outcome, errors.ModelCallError)
        shown = "".join(traceback.format_exception(outcome))
        for each in walk(outcome):
            assert each is outcome, "nothing of a library comes along"
            shown += repr(each) + str(each) + repr(vars(each))
        for secret in ("pa55-word", "pa55%2Dword", login):
            assert secret not in shown


@pytest.mark.parametrize("caller", CALLERS)
def test_a_proxy_that_refuses_the_login(caller: str) -> None:
    with RawServer(sending(build_status("407 No"))) as proxy:
        outcome = ask(caller, "https://models.example", proxy=proxy.url)
        assert tell(outcome) == f"the proxy {proxy.url} refuses the way to https://models.example: {LOGIN}"


@pytest.mark.parametrize("caller", CALLERS)
def test_renewed_certificates_are_used(authority: Authority, caller: str, tmp_path: Path) -> None:
    ca = tmp_path / "trusted.pem"
    ca.write_bytes(Authority(tmp_path / "other").path.read_bytes())
    with RawServer(answer, authority.issue("server").serve()) as server:
        config = {"config_name": "m", "model_type": "openai_chat", "api_key": "k", "tls": {"ca": str(ca)}}
        with ModelRegistry({**config, "client_args": {"base_url": f"{server.url}/v1"}}) as hub:
            model = hub.get_model("m")

            def call() -> str:
                return str(model("hi").text if caller == "blocking" else asyncio.run(_call(model)))

            with pytest.raises(errors.ConnectionError, match="unknown CA"):
                call()
            ca.write_bytes(b"half of a fi")  # being written just now
            with pytest.raises(errors.ConnectionError, match="unknown CA"):
                call()
            ca.write_bytes(authority.path.read_bytes())
            assert call() == "ok"


def test_contexts_are_shared() -> None:
    assert build_context() is build_context()
    assert build_tls() is not build_tls()
