"""Hooks around calls: told the same of blocking, async and streamed calls, and never able to change one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from modelhub import ConfigError, ModelRegistry, ModelWrapperBase, errors, events
from modelhub.hooks import CallInfo, Outcome, hookimpl
from modelhub.plugins.hooks import load_hooks
from modelhub.testing import Replay, VirtualClock

CHAT = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "m", "api_key": "sk-private-1"}
HELLO = {"status": 200, "body": '{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'}
BUSY = {"status": 429, "headers": {"Retry-After": "2"}, "body": '{"error": {"message": "busy, sk-private-1"}}'}
PIECE = 'data: {"choices": [{"index": 0, "delta": {"content": "hi "}}]}\n\n'
END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
STREAM = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": [PIECE, PIECE, END]}
BROKEN = {**STREAM, "chunks": [PIECE], "end": "abrupt"}
WRONG = {"status": 400, "body": '{"error": {"message": "no"}}'}

Register = Callable[[object], None]


@pytest.fixture
def register() -> Iterator[Register]:
    """Registers a plugin for this test."""
    manager, here = load_hooks(), list[object]()

    def register(plugin: object) -> None:
        manager.register(plugin)
        here.append(plugin)

    yield register
    for plugin in here:
        manager.unregister(plugin)


class Watch:
    """A plugin that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.errors: list[Any] = []

    @hookimpl
    def around_call(self, call: CallInfo) -> Generator[None, Outcome, None]:
        self.told.append(("before", call.config_name, call.stream))
        outcome = yield
        text = outcome.response.text if outcome.response is not None else None
        self.told.append(("after", text, outcome.error and type(outcome.error).__name__))

    @hookimpl
    def on_retry(self, call: CallInfo, attempt: int, wait: float, error: errors.ModelCallError) -> None:
        self.told.append(("retry", call.config_name, attempt))
        self.errors.append(error)

    @hookimpl
    def observe(self, event: events.Event) -> None:
        self.told.append(type(event).__name__)


def build_hub(*replies: Any, **more: Any) -> tuple[ModelRegistry, Any]:
    hub = ModelRegistry(CHAT, **more)
    model = hub.get_model("gpt")
    model.drivers = Replay(list(replies), clock=VirtualClock())
    return hub, model


def read(model: Any, how: str, **options: Any) -> str | None:
    """The text of an answer, got in a way."""

    async def wait() -> str | None:
        response = await model.acall("Hi", stream=how.endswith("stream"), **options)
        return "".join([delta.text or "" async for delta in response])

    if how.startswith("async"):
        return asyncio.run(wait())
    return "".join([delta.text or "" for delta in model("Hi", stream=how.endswith("stream"), **options)])


@pytest.mark.parametrize("how", ["blocking", "async", "blocking stream", "async stream"])
def test_all_kinds_of_calls_are_told_alike(register: Register, how: str) -> None:
    watch = Watch()
    register(watch)
    streamed = how.endswith("stream")
    hub, model = build_hub(BUSY, STREAM if streamed else HELLO)
    with hub:
        text = read(model, how)
    tokens = ["FirstToken", "StreamEnded"] if streamed else []
    assert text == ("hi hi " if streamed else "hi")
    assert watch.told == [
        ("before", "gpt", streamed),
        *("CallStarted", "AttemptStarted", "AttemptFailed", "RetryScheduled", ("retry", "gpt", 2), "AttemptStarted"),
        *(*tokens, "CallEnded"),
        ("after", text, None),
    ]
    (error,) = watch.errors
    assert isinstance(error, errors.RateLimitError)
    assert (error.config_name, "sk-private-1" in str(error)) == ("gpt", False)


@pytest.mark.parametrize(
    ("replies", "stream", "error"),
    [([WRONG], False, "BadRequestError"), ([BROKEN], True, "StreamInterruptedError")],
    ids=["failed", "broken"],
)
def test_an_error_is_told_and_raised(register: Register, replies: list[Any], stream: bool, error: str) -> None:
    watch = Watch()
    register(watch)
    hub, model = build_hub(*replies)
    with hub, pytest.raises(errors.ModelCallError) as caught:
        for _ in model("Hi", stream=stream):
            pass
    assert type(caught.value).__name__ == error
    assert watch.told[-1] == ("after", None, error)


def test_a_stream_that_is_left(register: Register) -> None:
    watch = Watch()
    register(watch)
    hub, model = build_hub(STREAM)
    with hub:
        response = model("Hi", stream=True)
        next(iter(response))
        response.close()
    assert watch.told[-1] == ("after", None, None)


def test_what_is_refused_is_told(register: Register) -> None:
    watch = Watch()
    register(watch)
    hub, model = build_hub()
    with hub, pytest.raises(errors.BadRequestError):
        model(42)
    assert [each for each in watch.told if isinstance(each, tuple)] == [
        ("before", "gpt", False),
        ("after", None, "BadRequestError"),
    ]


class Plain(ModelWrapperBase):
    model_type = "told_of_plain"

    def __call__(self, text: str, *, fail: bool = False) -> str:
        if fail:
            raise OSError("gone")
        return text.upper()


def test_plain_python(register: Register) -> None:
    watch = Watch()
    register(watch)
    with ModelRegistry({"config_name": "p", "model_type": "told_of_plain"}, wrappers=[Plain]) as hub:
        assert hub.get_model("p")("hi").text == "HI"
        with pytest.raises(OSError, match="gone"):
            hub.get_model("p")("hi", fail=True)
    assert [each for each in watch.told if isinstance(each, tuple)] == [
        *(("before", "p", False), ("after", "HI", None)),
        *(("before", "p", False), ("after", None, "OSError")),
    ]


class Around:
    """A plugin with one ``around_call``."""

    def __init__(self, function: Any) -> None:
        self.function = function

    @hookimpl
    def around_call(self, call: CallInfo) -> Any:
        return self.function(call)


def fail_before(call: CallInfo) -> Any:
    raise RuntimeError("odd")
    yield


def fail_at_once(call: CallInfo) -> Any:
    raise RuntimeError("odd")


def fail_after(call: CallInfo) -> Any:
    yield
    raise RuntimeError("odd")


def end_after(call: CallInfo) -> Any:
    yield
    raise SystemExit(3)


def yield_twice(call: CallInfo) -> Any:
    yield
    yield


def give_text(call: CallInfo) -> Any:
    return "odd"


@pytest.mark.parametrize("function", [fail_before, fail_at_once, fail_after, end_after, yield_twice, give_text])
@pytest.mark.parametrize("how", ["blocking", "async stream"])
def test_one_that_fails_costs_no_answer(
    register: Register, function: Any, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch()
    register(watch)
    register(Around(function))
    reply = STREAM if how.endswith("stream") else HELLO
    hub, model = build_hub(reply, reply)
    with hub, caplog.at_level(logging.WARNING, "modelhub"):
        assert (read(model, how) or "").startswith("hi")
        assert (read(model, how) or "").startswith("hi")
    assert len(caplog.records) == 1  # once is enough
    assert "the hook around_call of the plugin" in caplog.text
    assert watch.told[-1][0] == "after"


@pytest.mark.parametrize("function", [fail_before, fail_after])
def test_one_that_fails_hides_no_error(register: Register, function: Any) -> None:
    register(Around(function))
    hub, model = build_hub(WRONG)
    with hub, pytest.raises(errors.BadRequestError, match="no"):
        model("Hi")


class Clumsy:
    @hookimpl
    def on_retry(self, error: Any) -> None:
        error.message = "mine"
        raise RuntimeError("odd")

    @hookimpl
    def observe(self) -> None:
        raise RuntimeError("odd")


def test_the_others_too(register: Register, caplog: pytest.LogCaptureFixture) -> None:
    register(Clumsy())
    hub, model = build_hub(BUSY, HELLO)
    with hub, caplog.at_level(logging.WARNING, "modelhub"):
        response = model("Hi")
    assert response.text == "hi"
    assert "mine" not in str(response.trail[0].error)
    assert sorted(record.getMessage().split(" of ")[0] for record in caplog.records) == [
        "the hook observe",
        "the hook on_retry",
    ]


def test_what_is_told_is_a_copy(register: Register) -> None:
    def meddle(call: CallInfo) -> Any:
        call.arguments["messages"][0]["content"] = "something else"
        outcome = yield
        outcome.response.text = "something else"

    register(Around(meddle))
    hub, model = build_hub(HELLO)
    with hub:
        assert model([{"role": "user", "content": "Hi"}]).text == "hi"
        assert b"something else" not in model.drivers.requests[0].body


def test_the_last_begun_ends_first(register: Register) -> None:
    told: list[str] = []

    def build(name: str) -> Any:
        def around(call: CallInfo) -> Any:
            told.append(f"{name} begins")
            try:
                yield
            finally:
                told.append(f"{name} ends")

        return around

    for name in ("a", "b"):
        register(Around(build(name)))
    hub, model = build_hub(HELLO)
    with hub:
        model("Hi")
    first, second = told[0][0], told[1][0]
    assert told == [f"{first} begins", f"{second} begins", f"{second} ends", f"{first} ends"]


def test_the_ids_are_those_of_the_events(register: Register) -> None:
    ids: set[str] = set()
    register(Around(lambda call: ids.add(call.call_id)))
    told: list[Any] = []
    hub, model = build_hub(HELLO, observers=[told.append])
    with hub:
        model("Hi")
    assert ids == {event.call_id for event in told}


def test_without_hooks_a_model_has_none() -> None:
    hub, model = build_hub(HELLO)
    with hub:
        assert model.home.hooks is None


class Reloads:
    def __init__(self) -> None:
        self.told: list[Any] = []

    @hookimpl
    def on_reload(self, report: Any) -> None:
        self.told.append(report)
        raise RuntimeError("odd")


def test_reloads_are_told(register: Register, tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    reloads = Reloads()
    register(reloads)
    file = tmp_path / "models.yaml"
    file.write_text("{config_name: a, model_type: openai_chat}")
    with ModelRegistry(file) as hub, caplog.at_level(logging.WARNING, "modelhub"):
        file.write_text("{config_name: b, model_type: openai_chat}")
        report = hub.reload()
        file.write_text("{config_name: b, model_type: openai_cat}")
        with pytest.raises(ConfigError):
            hub.reload()
        assert hub.names() == ["b"]
    assert reloads.told[0] is report
    assert isinstance(reloads.told[1], ConfigError)
    assert "the hook on_reload" in caplog.text
