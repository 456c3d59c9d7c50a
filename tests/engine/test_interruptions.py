"""What is raised into a call and is no failure of the network comes out as it is, at once; nothing is repeated."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import ModelRegistry, errors
from modelhub.aio.driver import AioDriver
from modelhub.engine.malformed import is_malformed
from modelhub.sync.pool import Pool
from modelhub.testing import MockServer
from modelhub.wire import Request

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")


class SoftTimeLimitExceeded(Exception):
    """As the workers of task queues raise it."""


class OwnTimeout(TimeoutError):
    """An error class of a program's own, below the one that sockets raise."""


class OwnBaseError(BaseException):
    """As libraries of green threads raise it."""


KINDS = [
    *(
        SoftTimeLimitExceeded,
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        MemoryError,
        RecursionError,
    ),
    *(TimeoutError, ConnectionResetError, OSError, OwnTimeout, OwnBaseError, KeyboardInterrupt, SystemExit),
]


class Alarm:
    """Raises ``kind`` from a handler of a signal; ``how`` is what the handler is."""

    def __init__(self, kind: type[BaseException], how: str) -> None:
        self.kind = kind
        self.handler: Any = {"function": lambda *_: self.ring(), "method": self.ring, "object": self}.get(how)
        if how == "partial":
            self.handler = partial(self.ring, 0)

    def ring(self, *_: Any) -> None:
        raise self.kind("time is up")

    def __call__(self, number: int, frame: Any) -> None:
        raise self.kind("time is up")


@contextmanager
def alarm(kind: type[BaseException], how: str = "function", after: float = 0.1) -> Iterator[None]:
    """Have a signal handler raise ``kind`` soon."""
    before = signal.signal(signal.SIGALRM, Alarm(kind, how).handler)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def build(url: str) -> ModelRegistry:
    return ModelRegistry({"config_name": "m", "model_type": "openai_chat", "client_args": {"base_url": f"{url}/v1"}})


WAITS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "head": ("hang", lambda model: model("hi")),
    "body": ("stall", lambda model: model("hi")),
    "head of a stream": ("hang", lambda model: model("hi", stream=True)),
    "stream": ("stall", lambda model: list(model("count: 30", stream=True))),
    "pause": ("429;retry-after=9", lambda model: model("hi")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wait", WAITS)
def test_a_time_limit_comes_out_as_it_is(server: MockServer, wait: str, kind: type[BaseException]) -> None:
    fault, ask = WAITS[wait]
    with build(server.url) as hub:
        hub.get_model("m")("hi")  # everything is loaded, and there is a connection
        server.script(fault)
        start = time.monotonic()
        with pytest.raises(kind, match="time is up") as caught, alarm(kind):
            ask(hub.get_model("m"))
        assert type(caught.value) is kind
        assert time.monotonic() - start < 3
        assert len(server.requests) == 2
        if wait != "pause":
            assert server.wait_until(lambda: server.open_connections == 0, 5), "the connection cannot be used again"
        assert hub.get_model("m")("echo: on").text == "on"


@pytest.mark.parametrize("how", ["function", "method", "object", "partial"])
def test_handlers_of_all_kinds(server: MockServer, how: str) -> None:
    server.script("hang")
    with (
        build(server.url) as hub,
        pytest.raises(TimeoutError, match=r"^time is up$") as caught,
        alarm(TimeoutError, how),
    ):
        hub.get_model("m")("hi")
    assert type(caught.value) is TimeoutError


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a full queue of connections is ignored only there")
@pytest.mark.parametrize("kind", [SoftTimeLimitExceeded, TimeoutError, OSError])
def test_a_time_limit_while_connecting(kind: type[BaseException]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(("127.0.0.1", port))
        with build(f"http://127.0.0.1:{port}") as hub, warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # urllib3 leaves the socket to the garbage collector
            start = time.monotonic()
            assert find_what_comes_out(hub, kind) is kind
            assert time.monotonic() - start < 3
        for client in waiting:
            client.close()


def find_what_comes_out(hub: ModelRegistry, kind: type[BaseException]) -> type[BaseException] | None:
    try:
        with alarm(kind):
            hub.get_model("m")("hi")
    except BaseException as error:
        return type(error)
    return None


def test_an_interruption_is_not_what_the_caller_handles(server: MockServer) -> None:
    with build(server.url) as hub:
        model = hub.get_model("m")
        server.script("hang")
        try:
            with alarm(TimeoutError):
                model("hi")
        except TimeoutError:
            server.script(*["close"] * 3)
            with pytest.raises(errors.ConnectionError):
                model("hi")


@pytest.mark.parametrize("kind", [SoftTimeLimitExceeded, TimeoutError, MemoryError])
def test_a_library_that_wraps_a_time_limit(monkeypatch: pytest.MonkeyPatch, kind: type[Exception]) -> None:
    class APIConnectionError(Exception):
        status_code = 500

    def completion(**kwargs: Any) -> Any:
        try:
            time.sleep(5)
        except Exception as error:
            raise APIConnectionError(f"litellm.APIConnectionError: {error}") from error

    monkeypatch.setitem(sys.modules, "litellm", SimpleNamespace(completion=completion, suppress_debug_info=False))
    hub = ModelRegistry({"config_name": "x", "model_type": "litellm_chat", "model_name": "acme/m"})
    with hub, pytest.raises(kind) as caught, alarm(kind):
        hub.get_model("x")("hi")
    assert (type(caught.value), str(caught.value)) == (kind, "time is up")


def test_a_fault_of_the_driver_is_no_failure_of_the_network(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr("modelhub.sync.pool.Reply", fail)
    monkeypatch.setattr("modelhub.aio.session.Reply", fail)
    with build(server.url) as hub:
        model = hub.get_model("m")
        for fault in (RuntimeError("a fault"), TypeError("a fault"), ValueError("a fault"), MemoryError("a fault")):
            with pytest.raises(type(fault)) as caught:
                model("hi")
            assert caught.value is fault
            with pytest.raises(type(fault)) as caught:
                asyncio.run(model.acall("hi"))
            assert caught.value is fault
    assert len(server.requests) == 8


BAD_HEADERS = [{"X-A": "a\nb"}, {"X-A": "a\r\nX-B: b"}]


@pytest.mark.parametrize("headers", BAD_HEADERS)
def test_headers_that_cannot_be_sent(caller: Any, headers: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client_args = {"base_url": f"http://127.0.0.1:{listener.getsockname()[1]}/v1"}
        config = {"config_name": "m", "model_type": "openai_chat", "client_args": client_args}
        with ModelRegistry(config) as hub, pytest.raises(errors.BadRequestError, match="header X-A holds a ") as caught:
            caller.call(hub.get_model("m"), "hi", extra_headers=headers)
        assert not caught.value.retryable


@given(st.text(max_size=8), st.text(max_size=8))
def test_what_cannot_be_sent_is_told_from_what_can(name: str, value: str) -> None:
    """Whatever the blocking driver refuses to send is malformed: nothing else becomes an error about the request."""
    from http.client import HTTPConnection

    request = Request("http://127.0.0.1:9/", {name: value})
    connection = HTTPConnection("127.0.0.1", 9)
    connection.putrequest("POST", "/")
    try:
        connection.putheader(name, value)
    except (ValueError, TypeError):
        assert is_malformed(request)


@pytest.mark.parametrize("url", ["http://", "http://a:b/", "ftp://a/", "http://[::1/", "http://a b/", "no url", ""])
def test_urls_that_cannot_be_asked(url: str) -> None:
    assert is_malformed(Request(url, {}))
    with pytest.raises(errors.BadRequestError, match="cannot be made"):
        Pool().fetch(Request(url, {}, b"{}", timeout=1.0, connect_timeout=1.0))


@pytest.mark.parametrize("url", ["http://", "http://a:b/", "ftp://a/", "http://[::1/", "http://a b/", "no url", ""])
def test_urls_that_cannot_be_asked_in_an_event_loop(url: str) -> None:
    async def fetch() -> None:
        await AioDriver().session().fetch(Request(url, {}, b"{}", timeout=1.0, connect_timeout=1.0))

    with pytest.raises(errors.BadRequestError, match="cannot be made"):
        asyncio.run(fetch())


@pytest.mark.parametrize(
    ("value", "words"),
    [({}, "is dict, not a str"), (["a"], "is list, not a str"), ("海", "holds "), ("\ud800", "holds ")],
)
def test_a_header_is_a_text(value: object, words: str, caller: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client_args = {"base_url": f"http://127.0.0.1:{listener.getsockname()[1]}/v1"}
        config = {"config_name": "m", "model_type": "openai_chat", "client_args": client_args, "timeout": 5}
        with ModelRegistry(config) as hub, pytest.raises(errors.BadRequestError, match=f"the header X-A {words}"):
            caller.call(hub.get_model("m"), "hi", extra_headers={"X-A": value})


def test_a_well_formed_request_is_not_malformed() -> None:
    for url in ("http://a/", "https://a.b:8443/v1?x=%20", "http://[::1]:80/", "http://user:pw@a/", "http://ü.example/"):
        assert not is_malformed(Request(url, {"X-A": "b", "Authorization": "Bearer é"}))
