"""Whatever goes wrong with a connection is told alike by both drivers, and without anything secret."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.aio.exchanges import LIMITS

from .server import RawServer, body, build_tls, chunked, read_request, reply, sending

CONFIG = {
    "config_name": "m",
    "model_type": "openai_chat",
    "api_key": "sk-SECRET",
    "timeout": 5,
    "retry": {"initial": 0.001},
}
HEADER = "a header of the reply breaks the rules of HTTP"
CHUNK = "a chunk of the reply breaks the rules of HTTP"
LARGE = "the headers of the reply are too large"
SELF_SIGNED = "self-signed certificate; to trust it, name it in tls.ca"
CUT = "closed before the reply was whole"
NOTHING = "closed before any reply"
NOT_HTTP = "what it sent is not HTTP"
HTTP2 = "it speaks HTTP/2"
TLS = "it speaks TLS, for which its address must begin with https://"
WHOLE = "ok"
GZIPPED = gzip.compress(body("ok"))

REPLIES: dict[str, tuple[bytes, str]] = {
    "plain": (reply(), WHOLE),
    "chunks": (chunked(), WHOLE),
    "a chunk with an extension": (chunked("ok", f"{len(body('ok')):x};a=b"), WHOLE),
    "a chunk with zeros": (chunked("ok", f"000{len(body('ok')):x}"), WHOLE),
    "trailers": (chunked(end="0\r\nX: y\r\n\r\n"), WHOLE),
    "lines that end at LF": (reply().replace(b"\r\n", b"\n"), WHOLE),
    "no reason": (reply().replace(b" OK", b""), WHOLE),
    "a folded header": (reply("ok", "X: a\r\n b"), WHOLE),
    "a header in Latin-1": (reply("ok", "X: é"), WHOLE),
    "a header of 60 KB": (reply("ok", "X: " + "a" * 60000), WHOLE),
    "200 headers": (reply("ok", *["X: a"] * 200), WHOLE),
    "an interim reply": (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + reply(), WHOLE),
    "interim replies": (b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" * 9 + reply(), WHOLE),
    "until the end": (b"HTTP/1.1 200 OK\r\n\r\n" + body("ok"), WHOLE),
    "compressed": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + GZIPPED, WHOLE),
    "nothing": (b"", NOTHING),
    "a part of a status": (b"HTTP/1.1 20", CUT),
    "a part of the headers": (b"HTTP/1.1 200 OK\r\nContent-Ty", CUT),
    "a part of the body": (reply(length=1000), CUT),
    "a part of a chunk": (chunked()[:-20], CUT),
    "no last chunk": (chunked(end=""), CUT),
    "a chunk without a size": (chunked("ok", "zz"), CHUNK),
    "a negative chunk": (chunked("ok", "-5"), CHUNK),
    "a chunk with a sign": (chunked("ok", f"+{len(body('ok')):x}"), CHUNK),
    "a chunk as in C": (chunked("ok", f"0x{len(body('ok')):x}"), CHUNK),
    "a chunk with more than it says": (chunked("ok", "5"), CHUNK),
    "a header with a space": (reply("ok", "X Foo : 1"), HEADER),
    "a header without a colon": (reply("ok", "nonsense"), HEADER),
    "a header with NUL": (reply("ok", "X: a\0b"), HEADER),
    "a length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n{}", HEADER),
    "a negative length": (reply(length=-3), HEADER),
    "two lengths": (reply("ok", "Content-Length: 5"), HEADER),
    "a length and chunks": (chunked().replace(b"\r\n\r\n", b"\r\nContent-Length: 7\r\n\r\n", 1), HEADER),
    "a header of 70 KB": (reply("ok", "X: " + "a" * 70000), LARGE),
    "300 headers": (reply("ok", *["X: a"] * 300), LARGE),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", "it speaks SSH"),
    "TLS": (b"\x15\x03\x01\x00\x02\x02P", TLS),
    "frames of HTTP/2": (
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00",
        HTTP2,
    ),
    "an answer of HTTP/2": (b"HTTP/2.0 200 OK\r\n\r\n", HTTP2),
    "another protocol": (b"220 mail.example ESMTP\r\n", NOT_HTTP),
    "control characters": (b"\x1b[2J\x1b]0;owned\x07\r\n\r\n", NOT_HTTP),
    "a long line": (b"x" * 30000 + b"\r\n\r\n", NOT_HTTP),
    "what was sent": (b"POST /v1/chat/completions?key=SECRET HTTP/1.1\r\n\r\n", NOT_HTTP),
    "status 99": (b"HTTP/1.1 099 OK\r\n\r\n", NOT_HTTP),
    "status 1000": (b"HTTP/1.1 1000 OK\r\n\r\n", NOT_HTTP),
    "a switch": (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        "it switched to another protocol",
    ),
    "no gzip": (reply("ok", "Content-Encoding: gzip"), "the compressed reply (gzip) cannot be decoded"),
}
NEWER = {"a header with NUL", "300 headers", "frames of HTTP/2"}
FOR_GOOD = {LARGE, HTTP2, TLS, "it speaks SSH", "it switched to another protocol"}


def ask(caller: str, url: str, stream: bool = False, **config: Any) -> Any:
    """The text of an answer, or the error."""
    client_args = {"base_url": f"{url}/v1", "default_query": {"key": "SECRET"}}
    with ModelRegistry({**CONFIG, "client_args": client_args, **config}) as hub:
        model = hub.get_model("m")
        try:
            if caller == "blocking":
                return model("hi", stream=stream).text
            return asyncio.run(_ask(model, stream))
        except errors.ModelCallError as error:
            return error


async def _ask(model: Any, stream: bool) -> Any:
    response = await model.acall("hi", stream=stream)
    return (await response.complete()).text if stream else response.text


def tell(error: errors.ModelCallError) -> str:
    """What the error says, once it is certain that nothing secret or harmful is in it."""
    everything = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)
    assert "SECRET" not in everything
    assert error.message.isprintable()
    assert len(error.message) < 300
    return error.message


CALLERS = ["blocking", "awaited"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", REPLIES)
def test_replies(name: str, caller: str, stream: bool) -> None:
    data, meaning = REPLIES[name]
    if caller == "awaited" and name in NEWER and not LIMITS.get("max_headers"):
        pytest.skip("older releases of aiohttp read it")
    with RawServer(sending(data)) as server:
        outcome = ask(caller, server.url, stream)
        if meaning == WHOLE:
            assert outcome == "ok"
            return
        assert type(outcome) is errors.ConnectionError
        assert tell(outcome) == f"the connection to {server.url} failed: {meaning}"
        assert server.connections == (1 if meaning in FOR_GOOD else 3)


def slam(connection: Any, number: int) -> None:
    connection.close()


def reset(connection: Any, number: int) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang(connection: Any, number: int) -> None:
    while connection.recv(65536):
        pass


BREAKS: dict[str, tuple[Callable[[Any, int], Any], str, str]] = {
    "closed": (slam, "http", NOTHING),
    "reset": (reset, "http", NOTHING),
    "closed in the handshake": (slam, "https", NOTHING),
    "reset in the handshake": (reset, "https", NOTHING),
    "no TLS": (lambda connection, number: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"), "https", "not TLS"),
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", BREAKS)
def test_connections_that_break(name: str, caller: str) -> None:
    handle, scheme, meaning = BREAKS[name]
    with RawServer(handle) as server:
        url = server.url.replace("http", scheme)
        outcome = ask(caller, url)
        if meaning == "not TLS":
            assert tell(outcome) == f"no secure connection to {url}: it does not speak TLS"
        else:
            assert tell(outcome) == f"the connection to {url} failed: {meaning}"
        assert (type(outcome), server.connections) == (errors.ConnectionError, 1 if meaning == "not TLS" else 3)


@pytest.mark.parametrize("caller", CALLERS)
def test_what_never_answers(caller: str) -> None:
    with RawServer(hang) as server:
        outcome = ask(caller, server.url, timeout=0.2)
        assert (type(outcome), tell(outcome)) == (errors.TimeoutError, f"{server.url} sent nothing for 0.2 s")
        url = server.url.replace("http", "https")
        outcome = ask(caller, url, timeout=0.2, retry={"max_attempts": 1})
        assert (type(outcome), tell(outcome)) == (errors.TimeoutError, f"no connection to {url} within 0.2 s")


@pytest.mark.parametrize("caller", CALLERS)
def test_what_cannot_be_reached(caller: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert tell(ask(caller, url)) == f"the connection to {url} failed: Connection refused"
    failed = "failed: the host name cannot be resolved"
    assert tell(ask(caller, "http://nothing.invalid")) == f"the connection to http://nothing.invalid {failed}"
    outcome = ask(caller, f"http://{'a' * 70}.example")
    assert type(outcome) is errors.BadRequestError
    assert tell(outcome).endswith("cannot be made: its address is not valid")


LOCATIONS = [
    (302, "https://user:SECRET@other.example:8443/v1?key=SECRET\x1b[2J", "https://other.example:8443"),
    (307, "https://user:SECRET@other.example:8443/v1?key=SECRET", "https://other.example:8443"),
    (308, "//other.example/SECRET", "https://other.example"),
    (302, "/login?next=SECRET", "another path of its own"),
    (302, "http://[::1/SECRET", "a malformed URL"),
    (307, "http://[::1/SECRET", "a malformed URL"),
    (308, "http://localhost:port/SECRET", "a malformed URL"),
    (303, "https://" + "a" * 5000, "a malformed URL"),
]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("status", "location", "shown"), LOCATIONS)
def test_redirects(caller: str, status: int, location: str, shown: str) -> None:
    head = f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    with RawServer(sending(head.encode())) as server:
        outcome = ask(caller, server.url)
    told = f"the server redirects to {shown}, which is not followed"
    assert (type(outcome), tell(outcome)) == (errors.BadRequestError, told)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_login_in_the_address(caller: str) -> None:
    def handle(connection: Any, number: int) -> None:
        seen.append(read_request(connection))
        connection.sendall(reply())

    seen: list[bytes] = []
    with RawServer(handle) as server:
        url = server.url.replace("//", "//us%40er:p%3Ass@")
        assert ask(caller, url, api_key="sk-1") == "ok"
        config = {"config_name": "p", "model_type": "post_api_chat", "api_url": f"{url}/llm"}
        with ModelRegistry(config) as hub:
            model = hub.get_model("p")
            assert (model("hi") if caller == "blocking" else asyncio.run(model.acall("hi"))).text == "ok"
    assert b"Authorization: Bearer sk-1" in seen[0]
    assert b"Authorization: Basic dXNAZXI6cDpzcw==" in seen[1]


@pytest.mark.parametrize("caller", CALLERS)
def test_an_untrusted_certificate(caller: str) -> None:
    def handle(connection: Any, number: int) -> None:
        raise AssertionError("nothing may be sent to it")

    with RawServer(handle, build_tls()) as server:
        outcome = ask(caller, server.url)
        assert tell(outcome) == f"no secure connection to {server.url}: {SELF_SIGNED}"
        assert server.connections == 1
