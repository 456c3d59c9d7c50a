"""What a URL's path and query are in the first line of a request: as written, and the same from both drivers."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url
from yarl import URL

from modelhub import ModelRegistry
from modelhub.network.targets import find_target
from modelhub.testing import Replay

from .server import RawServer, read_request, reply

CONFIG = {"config_name": "m", "model_type": "post_api_chat"}
TARGETS = [
    ("", "/"),
    ("/", "/"),
    ("/v1", "/v1"),
    ("/v1/", "/v1/"),
    ("//v1", "//v1"),
    ("/a%2Fb", "/a%2Fb"),
    ("/a%2fb", "/a%2Fb"),
    ("/a%20b c", "/a%20b%20c"),
    ("/%E6%B5%B7/海", "/%E6%B5%B7/%E6%B5%B7"),
    ("/100%", "/100%25"),
    ("/%zz%41", "/%25zz%41"),
    ("/%7Ea~b", "/%7Ea~b"),
    ("/a;v=1,2:3@4", "/a;v=1,2:3@4"),
    ("/models/m:generate", "/models/m:generate"),
    ("/a[1]{2}|3^4`5", "/a%5B1%5D%7B2%7D%7C3%5E4%605"),
    ('/"<>\\', "/%22%3C%3E%5C"),
    ("/v1#part", "/v1"),
    ("/v1?", "/v1"),
    ("?a=1", "/?a=1"),
    ("/v1?a=1&b=2", "/v1?a=1&b=2"),
    ("/v1?a=%2F%3F%40%26%3D%2B%25%23", "/v1?a=%2F%3F%40%26%3D%2B%25%23"),
    ("/v1?a=/?@", "/v1?a=/?@"),
    ("/v1?a=1+2", "/v1?a=1+2"),
    ("/v1?a=1%202 3", "/v1?a=1%202%203"),
    ("/v1?sig=ab%2Fc%3D%3D&se=2026-01-01T00%3A00%3A00Z", "/v1?sig=ab%2Fc%3D%3D&se=2026-01-01T00%3A00%3A00Z"),
    ("/v1?name=é海😀", "/v1?name=%C3%A9%E6%B5%B7%F0%9F%98%80"),
    ("/v1?a=5%", "/v1?a=5%25"),
    ("/v1?a;b&&c==d", "/v1?a;b&&c==d"),
    ("/v1?a='b'!*()$", "/v1?a='b'!*()$"),
    ("/v1?a=b#c?d", "/v1?a=b"),
    ("/a/../b/./c", "/a/../b/./c"),
]


def serve(*answers: bytes) -> RawServer:
    """Answers the requests of each connection, one after another."""
    left = list(answers)

    def handle(connection: Any, _: int) -> None:
        while left and (request := read_request(connection)):
            server.requests.append(request)
            connection.sendall(left.pop(0))

    server = RawServer(handle)
    return server


def first_lines(server: RawServer) -> list[str]:
    return [request.partition(b"\r\n")[0].decode("ascii") for request in server.requests]


def ask_both(hub: ModelRegistry) -> None:
    model = hub.get_model("m")
    model("hi")
    asyncio.run(model.acall("hi"))


@pytest.mark.parametrize(("written", "sent"), TARGETS)
def test_a_target_is_sent_as_written_by_both_drivers(written: str, sent: str) -> None:
    with serve(reply(), reply()) as server, ModelRegistry({**CONFIG, "api_url": server.url}) as hub:
        hub.get_model("m").api_url += written  # a config may have no blanks there, what a wrapper builds may
        ask_both(hub)
        assert first_lines(server) == [f"POST {sent} HTTP/1.1"] * 2


@pytest.mark.parametrize(("written", "sent"), [target for target in TARGETS if ".." not in target[0]])
def test_a_proxy_is_told_the_same_target(written: str, sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(reply(), reply()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with ModelRegistry({**CONFIG, "api_url": "http://u:p@far.example"}) as hub:
            hub.get_model("m").api_url += written
            ask_both(hub)
        assert first_lines(proxy) == [f"POST http://far.example{sent} HTTP/1.1"] * 2
        assert all(b"uthorization: Basic dTpw" in request for request in proxy.requests)


QUERY = "?api-version=1&sig=a%2Fb/"
BASES: list[tuple[str, str, str]] = [
    ("openai_chat", "/v1/", "/v1/chat/completions"),
    ("openai_embedding", "/v1", "/v1/embeddings"),
    ("openai_dall_e", "", "/images/generations"),
    ("yi_chat", "/v1", "/v1/chat/completions"),
    ("zhipuai_chat", "/v4", "/v4/chat/completions"),
    ("litellm_chat", "/v1", "/v1/chat/completions"),
    ("anthropic_chat", "/", "/v1/messages"),
    ("gemini_chat", "/g", "/g/v1/models/m:generateContent"),
    ("gemini_embedding", "", "/v1/models/m:batchEmbedContents"),
    ("dashscope_chat", "/api/v1", "/api/v1/services/aigc/text-generation/generation"),
    ("ollama_chat", "/o/", "/o/api/chat"),
    ("ollama_embedding", "", "/api/embed"),
]


@pytest.mark.parametrize(("model_type", "base", "path"), BASES)
def test_the_query_of_a_base_url_stays_at_the_end(model_type: str, base: str, path: str) -> None:
    model = ModelRegistry(
        {
            "config_name": "m",
            "model_type": model_type,
            "model_name": "m",
            "api_key": "k.1",
            "client_args": {"base_url": f"http://user:pass@recorded:8000{base}{QUERY}#part"},
        }
    ).get_model("m")
    model.drivers = connections = Replay([])
    with pytest.raises(AssertionError):  # there is no answer to give
        model("hi")
    assert connections.requests[0].url == f"http://user:pass@recorded:8000{path}{QUERY}"


LOCATIONS = [
    (b"/v2?a=%2F%40", "/v2?a=%2F%40"),
    (b"/a b", "/a%20b"),
    ("/海?q=é".encode(), "/%E6%B5%B7?q=%C3%A9"),
    (b"?again=%2f", "/v1?again=%2F"),
    (b"/v2#part", "/v2"),
]


@pytest.mark.parametrize(("location", "sent"), LOCATIONS)
def test_a_redirect_leads_both_drivers_to_the_same_target(location: bytes, sent: str) -> None:
    away = b"HTTP/1.1 308 Permanent Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location
    with serve(away, reply(), away, reply()) as server:
        with ModelRegistry({**CONFIG, "api_url": f"{server.url}/v1"}) as hub:
            ask_both(hub)
        assert first_lines(server) == ["POST /v1 HTTP/1.1", f"POST {sent} HTTP/1.1"] * 2


def test_the_host_is_written_as_ever() -> None:
    with serve(reply(), reply()) as server:
        with ModelRegistry({**CONFIG, "api_url": f"http://USER:p%40ss@LOCALHOST:{server.port}/v1?to=a@b"}) as hub:
            ask_both(hub)
        for request in server.requests:
            assert f"host: localhost:{server.port}\r\n".encode() in request.lower()
            assert b"uthorization: Basic VVNFUjpwQHNz" in request


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_target_is_changed_on_its_way(path: str, query: str) -> None:
    url = f"http://h/{path}?{query}"
    target = find_target(url)
    assert target.isascii() and target.isprintable() and " " not in target
    assert find_target(f"http://h{target}") == target
    assert str(URL(f"http://h{target}", encoded=True)) == f"http://h{target}"
    parts = urlsplit(url)
    assert unquote(urlsplit(f"http://h{target}").path) == unquote(parts.path)
    assert unquote(urlsplit(f"http://h{target}").query) == unquote(parts.query)


@given(st.text(st.sampled_from("a/?%2Ff&=+;:@ é[]{}|\\\"'<>^`~!$*(),#"), max_size=20))
def test_the_blocking_driver_has_nothing_left_to_quote(text: str) -> None:
    target = find_target(f"http://h/a{text}")
    if "/." not in target:
        assert parse_url(f"http://h{target}").request_uri == target
