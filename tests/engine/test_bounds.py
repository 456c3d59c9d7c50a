"""What the bounds of ``timeout`` end, over real sockets and in functions of this process; and what they do not end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.base import ModelWrapperBase
from modelhub.base.own import HANDED
from modelhub.sync.watch import Watches
from modelhub.testing import MockServer, VirtualDrivers

from ..network.server import RawServer, body, read_request

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
EVENT = b'data: {"choices": [{"delta": {"content": "ok "}, "finish_reason": null}]}\n\n'
LONG = 20.0  # a bound that is not reached


class Script:
    """What a server sends after each request, and how it waits until the test is over."""

    def __init__(self, *steps: bytes | float) -> None:
        self.steps = steps
        self.over = threading.Event()

    def __call__(self, connection: Any, number: int) -> None:
        read_request(connection)
        for step in self.steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif self.over.wait(step):
                return
        self.over.wait(LONG)


@contextmanager
def serving(*steps: bytes | float) -> Iterator[RawServer]:
    script = Script(*steps)
    with RawServer(script) as server:
        try:
            yield server
        finally:
            script.over.set()


def build(url: str, timeout: Any = None, **more: Any) -> ModelRegistry:
    config = {"config_name": "m", "model_type": "openai_chat", "api_key": "k", "client_args": {"base_url": f"{url}/v1"}}
    return ModelRegistry({**config, **({"timeout": timeout} if timeout is not None else {}), **more})


def fail(caller: Any, server: RawServer, timeout: Any, stream: bool, own: Any = None) -> tuple[Any, float]:
    """The error of a call, and how many seconds it took."""
    options = {} if own is None else {"timeout": own}
    with build(server.url, timeout, retry={"max_attempts": 1}) as hub:
        began = time.monotonic()
        with pytest.raises(errors.ModelCallError) as caught:
            if stream:
                caller.deltas(hub.get_model("m"), "hi", **options)
            else:
                caller.call(hub.get_model("m"), "hi", **options)
        return caught.value, time.monotonic() - began


WHOLE = body("ok")
NOTHING: tuple[bytes | float, ...] = ()
HEAD_ALONE = (HEAD % len(WHOLE),)
HALF = (HEAD % len(WHOLE) + WHOLE[:20],)
DRIBBLE = (HEAD % 1000, *[b" ", 0.05] * 200)
BOUNDS: list[Any] = [
    (NOTHING, {"first_token": 0.2}, False, "first_token"),
    (HEAD_ALONE, {"first_token": 0.2, "idle": LONG}, False, "first_token"),
    (HALF, {"first_token": LONG, "idle": 0.2}, False, "idle"),
    (DRIBBLE, {"idle": LONG, "total": 0.3}, False, "total"),
    (NOTHING, {"total": 0.3}, False, "total"),
    (NOTHING, {"first_token": 0.2}, True, "first_token"),
    ((STREAM,), {"first_token": 0.2, "idle": LONG}, True, "first_token"),
    ((STREAM, b": comment\n\n"), {"first_token": LONG, "idle": 0.2}, True, "idle"),
    ((STREAM, *[b": comment\n\n", 0.05] * 200), {"idle": LONG, "total": 0.3}, True, "total"),
    (NOTHING, 0.2, False, "first_token"),
    ((STREAM,), 0.2, True, "first_token"),
]


@pytest.mark.parametrize(("steps", "timeout", "stream", "bound"), BOUNDS)
def test_each_bound(steps: Any, timeout: Any, stream: bool, bound: str, caller: Any) -> None:
    with serving(*steps) as server:
        error, seconds = fail(caller, server, timeout, stream)
    assert (type(error), error.bound, error.config_name) == (errors.TimeoutError, bound, "m")
    assert isinstance(error, TimeoutError)
    assert seconds < LONG / 2
    assert [attempt.outcome for attempt in error.trail] == ["failed"]


@pytest.mark.parametrize(("steps", "timeout", "stream", "bound"), [case for case in BOUNDS if case[1] != 0.2])
def test_of_the_call(steps: Any, timeout: Any, stream: bool, bound: str, caller: Any) -> None:
    with serving(*steps) as server:
        error, _ = fail(caller, server, {"idle": LONG, "total": 2 * LONG}, stream, timeout)
    assert (type(error), error.bound) == (errors.TimeoutError, bound)


def test_a_number_of_the_call_is_the_total(caller: Any) -> None:
    with serving(*DRIBBLE) as server:
        error, _ = fail(caller, server, None, False, 0.3)
    assert error.bound == "total"


@pytest.mark.parametrize(("timeout", "bound"), [({"idle": 0.2}, "idle"), ({"total": 0.4}, "total")])
def test_a_stream_that_was_handed_over(timeout: Any, bound: str, caller: Any) -> None:
    with serving(STREAM, EVENT) as server:
        error, _ = fail(caller, server, timeout, True)
    assert type(error) is errors.StreamInterruptedError
    assert error.partial.text == "ok "
    assert isinstance(error.__cause__, errors.TimeoutError)
    assert error.__cause__.bound == bound


def test_what_comes_slowly_is_in_time(caller: Any) -> None:
    steps = [step for n in range(0, len(WHOLE), 10) for step in (WHOLE[n : n + 10], 0.03)]
    with serving(HEAD % len(WHOLE), *steps) as server, build(server.url, {"first_token": 0.5, "idle": 0.5}) as hub:
        assert caller.call(hub.get_model("m"), "hi").text == "ok"


def test_a_handshake_that_never_ends(caller: Any) -> None:
    with serving() as server:
        url = server.url.replace("http", "https")
        with build(url, {"connect": 0.2}, retry={"max_attempts": 2, "initial": 0}) as hub:
            with pytest.raises(errors.TimeoutError, match=r"within 0\.2 s") as caught:
                caller.call(hub.get_model("m"), "hi")
            assert caught.value.bound == "connect"
            assert len(caught.value.trail) == 2
            with pytest.raises(errors.TimeoutError) as caught:
                caller.call(hub.get_model("m"), "hi", timeout={"total": 0.1, "connect": LONG})
            assert caught.value.bound == "total"


def test_the_connection_of_a_call_that_was_in_time_stays(caller: Any) -> None:
    with MockServer() as server, build(server.url, {"total": 0.5}) as hub:
        model = hub.get_model("m")

        def ask() -> str:
            text: str = caller.call(model, "echo: hi").text
            return text

        if type(caller).__name__ == "Blocking":
            assert {ask() for _ in range(3)} == {"hi"}
            time.sleep(0.6)  # the time of the first calls is over
            assert ask() == "hi"
            assert server.connections == 1


def test_many_calls_with_an_end_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelhub.sync.watch._MOST_ENDED", 50)
    with MockServer() as server, build(server.url, {"total": LONG}) as hub:
        model = hub.get_model("m")
        for _ in range(150):
            assert model("echo: hi").text == "hi"
        watches = hub._workshop.drivers.sync()._pool._watches  # type: ignore[union-attr]
        assert len(watches._heap) <= 101


def test_the_thread_that_watches_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelhub.sync.watch._IDLE", 0.05)
    others = set(threading.enumerate())  # those of registries of other tests
    with MockServer() as server, build(server.url, {"total": 0.5}) as hub:
        model = hub.get_model("m")
        for _ in range(3):
            assert model("echo: hi").text == "hi"
            deadline = time.monotonic() + 10
            while any(thread.name == "modelhub-deadlines" for thread in {*threading.enumerate()} - others):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        server.script("hang")
        with pytest.raises(errors.TimeoutError):
            model("echo: hi")


def test_closing_waits_for_the_thread_that_watches() -> None:
    for _ in range(200):
        watches = Watches()
        watches.begin(60)
        thread = watches._thread
        watches.close()
        assert thread is not None and not thread.is_alive()


@pytest.mark.parametrize("stream", [False, True])
def test_a_repeat_that_would_come_too_late_is_not_begun(stream: bool, caller: Any) -> None:
    with MockServer(faults=["503"] * 9, retry_after="") as server:
        retry = {"max_attempts": 9, "initial": 10, "max": 10}
        with build(server.url, {"total": 25}, retry=retry) as hub:
            model = hub.get_model("m")
            model.drivers = VirtualDrivers()
            with pytest.raises(errors.ServerError) as caught:
                caller.deltas(model, "hi") if stream else caller.call(model, "hi")
            assert 2 <= len(caught.value.trail) <= 4
            assert model.drivers.clock() < 25


class Slow(ModelWrapperBase):
    model_type = "slow"

    def __call__(self, prompt: str, **options: Any) -> str:
        assert not options
        time.sleep(0.05)
        threading.Event().wait(LONG if prompt == "hang" else 0)
        return prompt


class AwaitedSlow(ModelWrapperBase):
    model_type = "awaited_slow"

    async def acall(self, prompt: str, **options: Any) -> str:
        assert not options
        await asyncio.sleep(LONG if prompt == "hang" else 0)
        return prompt


@pytest.mark.parametrize("where", ["config", "call"])
def test_plain_python_is_given_up(where: str, caller: Any) -> None:
    more: dict[str, Any] = {"timeout": {"total": 0.3}} if where == "config" else {}
    own: dict[str, Any] = {"timeout": 0.3} if where == "call" else {}
    with ModelRegistry({"config_name": "m", "model_type": "slow", **more}, wrappers=[Slow]) as hub:
        model = hub.get_model("m")
        assert caller.call(model, "quick", **own).text == "quick"
        began = time.monotonic()
        with pytest.raises(errors.TimeoutError) as caught:
            caller.call(model, "hang", **own)
        assert (caught.value.bound, caught.value.config_name) == ("total", "m")
        assert time.monotonic() - began < LONG / 2


def test_awaited_python_is_cancelled() -> None:
    config = {"config_name": "m", "model_type": "awaited_slow", "timeout": 0.2}
    with ModelRegistry(config, wrappers=[AwaitedSlow]) as hub, pytest.raises(errors.TimeoutError) as caught:
        asyncio.run(hub.get_model("m").acall("hang"))
    assert caught.value.bound == "total"


def test_of_nested_deadlines_the_earliest_counts(caller: Any) -> None:
    chat = {"model_type": "openai_chat", "api_key": "k"}
    with serving(*DRIBBLE) as server:
        client = {"client_args": {"base_url": f"{server.url}/v1"}}
        configs = [
            {"config_name": "a", "timeout": {"total": LONG}, **chat, **client},
            {"config_name": "b", "timeout": {"total": LONG}, **chat, **client},
            {"config_name": "both", "model_type": "fallback", "models": ["a", "b"], "timeout": 0.4},
        ]
        with ModelRegistry(configs) as hub:
            began = time.monotonic()
            with pytest.raises(errors.TimeoutError) as caught:
                caller.call(hub.get_model("both"), "hi")
            assert time.monotonic() - began < LONG / 2
            assert caught.value.bound == "total"
            with pytest.raises(errors.TimeoutError):  # the total of the first is over, the second is asked
                caller.call(hub.get_model("both"), "hi", timeout={"total": 0.5, "idle": 0.1})


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"timeout": 0}, "timeout: total is 0"),
    ({"timeout": "5"}, "timeout: total is '5'"),
    ({"timeout": {"read": 5}}, "timeout has no bound 'read'"),
    ({"timeout": {"idle": -1}}, "timeout: idle is -1"),
    ({"timeout": float("nan")}, "timeout: total is nan"),
    ({"retry": 3}, "retry is 3"),
    ({"retry": {"attempts": 3}}, "retry has no 'attempts'"),
    ({"retry": {"max_attempts": 0}}, "retry: max_attempts is 0"),
    ({"retry": {"max_attempts": 1.5}}, "retry: max_attempts is 1.5"),
    ({"retry": {"on_timeout": "yes"}}, "retry: on_timeout is 'yes'"),
    ({"cache": "no"}, "cache is 'no'"),
    ({"tags": "one"}, "tags is 'one'"),
    ({"timeout": 10**400}, "(401 characters)"),
    ({"stream": "no"}, "stream is 'no'"),
    ({"headers": "X-Team: red"}, "headers must be a dict, not str"),
]


@pytest.mark.parametrize(("options", "text"), WRONG)
@pytest.mark.parametrize("kind", ["http", "python", "composite"])
def test_own_options_that_cannot_be_meant(options: dict[str, Any], text: str, kind: str, caller: Any) -> None:
    configs = [
        {"config_name": "http", "model_type": "openai_chat", "api_key": "k"},
        {"config_name": "python", "model_type": "slow"},
        {"config_name": "composite", "model_type": "fallback", "models": ["python"]},
    ]
    with ModelRegistry(configs, wrappers=[Slow]) as hub, pytest.raises(errors.BadRequestError) as caught:
        caller.call(hub.get_model(kind), "hi", **options)
    assert text in str(caught.value)
    handed_on = kind == "composite" and not options.keys().isdisjoint(HANDED)
    assert caught.value.config_name == ("python" if handed_on else kind)


def test_the_retry_of_a_call(caller: Any) -> None:
    with MockServer(faults=["503"] * 20, retry_after="") as server, build(server.url, retry={"initial": 0.001}) as hub:
        for own, tries in (({}, 3), ({"max_attempts": 1}, 1), ({"max_attempts": 4}, 4)):
            with pytest.raises(errors.ServerError) as caught:
                caller.call(hub.get_model("m"), "hi", retry=own)
            assert len(caught.value.trail) == tries


CALLS: list[Callable[[Any], Any]] = [lambda model: model("hi", tags=["a"], cache=False)]


@pytest.mark.parametrize("call", CALLS)
def test_own_options_are_not_sent(call: Any) -> None:
    with MockServer() as server, build(server.url) as hub:
        call(hub.get_model("m"))
        assert server.requests[0].json.keys() == {"model", "messages"}


@pytest.mark.parametrize("wait", ["connect", "first_token", "idle"])
def test_plain_python_connects_by_itself(wait: str) -> None:
    config = {"config_name": "m", "model_type": "slow", "timeout": {wait: 2, "total": 5}}
    with ModelRegistry(config, wrappers=[Slow]) as hub, pytest.raises(errors.ConfigError) as caught:
        hub.get_model("m")
    assert [(problem.code, problem.path) for problem in caught.value.problems] == [("MH103", ("timeout", wait))]


@pytest.mark.parametrize(("wait", "codes"), [("connect", ["MH103"]), ("first_token", ["MH103"]), ("idle", [])])
def test_a_library_connects_by_itself(wait: str, codes: list[str]) -> None:
    config = {"config_name": "m", "model_type": "litellm_chat", "timeout": {wait: 2}}
    found: list[str] = []
    try:
        ModelRegistry(config)
    except errors.ConfigError as error:
        found = [problem.code for problem in error.problems]
    assert found == codes


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_ended_over_a_kept_connection_is_not_sent_again(caller: Any, stream: bool) -> None:
    """A connection that is shut when the time is over looks like one that the server has closed meanwhile."""
    with MockServer() as server, build(server.url) as hub:
        model = hub.get_model("m")

        def call() -> None:
            caller.call(model, "hi")
            server.script("hang")
            with pytest.raises(errors.TimeoutError) as caught:
                caller.call(model, "hi", stream=stream, timeout=0.3)
            assert caught.value.bound == "total"

        call()
        assert server.wait_until(lambda: server.in_flight == 0, LONG)
        assert len(server.requests) == 2
