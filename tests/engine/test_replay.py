"""The replayed driver serves sync and async calls alike, opens no socket and waits for nothing; what is told then."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelResponse, ModelWrapperBase, ResponseParsingError, errors, events
from modelhub.testing import Replay, VirtualClock

CHAT = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
WANX = {"config_name": "gpt", "model_type": "dashscope_image_synthesis", "model_name": "wanx", "api_key": "k"}
REPLY = {"status": 200, "body": '{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'}
BUSY = {"status": 429, "headers": {"Retry-After": "3000"}, "body": '{"error": {"message": "busy"}}'}
SLOW = {**BUSY, "headers": {"Retry-After": "50"}}
PIECE = 'data: {"choices": [{"index": 0, "delta": {"content": "hi "}}]}\n\n'
END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
STREAM = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": [PIECE, END]}
SILENT = {**STREAM, "chunks": [], "end": "abrupt"}
BROKEN = {**STREAM, "chunks": [PIECE], "end": "abrupt"}
PENDING = {"status": 200, "body": '{"output": {"task_id": "t", "task_status": "PENDING"}}'}
FAILED = {"status": 200, "body": '{"output": {"task_id": "t", "task_status": "FAILED", "code": "x", "message": "no"}}'}
DRAWN = {
    "status": 200,
    "body": '{"output": {"task_id": "t", "task_status": "SUCCEEDED", "results": [{"url": "http://i/1.png"}]}}',
}


@pytest.fixture(autouse=True)
def nothing_real(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No socket but those of event loops, no pause, and nothing left open."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a replay does nothing real")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("modelhub.sync.pool.Pool", refuse)
    monkeypatch.setattr("modelhub.aio.session.Session", refuse)
    monkeypatch.setattr(time, "sleep", refuse)
    began = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        yield
        gc.collect(1)
    assert time.monotonic() - began < 5


def call(model: Any, how: str, given: Any = "hi", **options: Any) -> Any:
    async def wait() -> Any:
        answer = await model.acall(given, **options)
        return await answer.complete() if isinstance(answer, ModelResponse) else answer

    if how == "async":
        return asyncio.run(wait())
    answer = model(given, **options)
    if isinstance(answer, ModelResponse):
        assert answer.text is not None or answer.image_urls
    return answer


def names(told: list[events.Event]) -> list[str]:
    return [type(event).__name__ for event in told]


@pytest.mark.usefixtures("exact_pauses")
@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("stream", [False, True])
def test_pauses_take_no_time_and_are_told(how: str, stream: bool) -> None:
    model = ModelRegistry(CHAT).get_model("gpt")
    model.drivers = recordings = Replay([SLOW, SLOW, STREAM if stream else REPLY])
    assert call(model, how, stream=stream).text.strip() == "hi"
    assert recordings.delays == [0.0, 50.0, 50.0]
    assert recordings.clock() == sum(recordings.virtual.slept) == 100.0


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_pause_that_is_too_long_is_none(how: str) -> None:
    model = ModelRegistry(CHAT).get_model("gpt")
    model.drivers = recordings = Replay([BUSY])
    with pytest.raises(errors.RateLimitError) as caught:
        call(model, how)
    assert (caught.value.retry_after, recordings.virtual.slept) == (3000.0, [])


@pytest.mark.parametrize("how", ["sync", "async"])
def test_pauses_of_a_parse_function_are_virtual(how: str) -> None:
    def parse(response: Any) -> Any:
        raise ResponseParsingError("never right")

    model = ModelRegistry(CHAT).get_model("gpt")
    model.drivers = recordings = Replay([REPLY] * 5)
    assert call(model, how, parse_func=parse, fault_handler=lambda response: response.text * 2, max_retries=5) == "hihi"
    assert recordings.delays == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_streams_that_are_left_leave_nothing_open(how: str) -> None:
    async def leave(model: Any) -> None:
        for _ in range(3):
            async for _ in await model.acall("hi", stream=True):
                break

    told: list[events.Event] = []
    model = ModelRegistry(CHAT, observers=[told.append]).get_model("gpt")
    model.drivers = Replay([STREAM] * 3)
    if how == "async":
        asyncio.run(leave(model))
    else:
        for _ in range(3):
            next(iter(model("hi", stream=True)))
    gc.collect(1)
    assert [event.error for event in told if isinstance(event, events.CallEnded)] == [None] * 3


TRY = ["AttemptStarted"]
FAIL = ["AttemptFailed", "RetryScheduled"]


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize(
    ("exchanges", "expected", "error", "attempts"),
    [
        ([DRAWN], TRY, None, 1),
        ([PENDING, PENDING, DRAWN], TRY * 3, None, 3),
        ([PENDING, SLOW, DRAWN], [*TRY * 2, *FAIL, *TRY], None, 3),
        ([PENDING, FAILED], TRY * 2, "ServerError", 2),
    ],
    ids=["at once", "looked at", "a look that failed", "the task failed"],
)
def test_a_conversation_is_one_call_of_several_tries(
    how: str, exchanges: list[Any], expected: list[str], error: str | None, attempts: int
) -> None:
    clock = VirtualClock()
    told: list[events.Event] = []
    model = ModelRegistry(WANX, observers=[told.append]).get_model("gpt")
    model.drivers = recordings = Replay(exchanges, clock=clock)
    with suppress(errors.ModelCallError):
        call(model, how, "a cat")
    assert names(told) == ["CallStarted", *expected, "CallEnded"]
    ended = told[-1]
    assert isinstance(ended, events.CallEnded)
    assert (ended.attempts, ended.error, ended.task) == (attempts, error, "image")
    assert ended.seconds == sum(recordings.delays)


class Interrupted(ModelWrapperBase):
    """A generator that is interrupted between two pieces."""

    model_type = "replay_interrupted"
    error: Any = None
    ended: Any = None

    def __call__(self, text: str) -> Iterator[str]:
        try:
            yield "one "
            raise self.error
        finally:
            self.ended.append("ended")


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(2), ValueError("mine"), asyncio.CancelledError()])
def test_what_interrupts_a_stream_ends_it_and_comes_out(
    how: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is, it is the same object, told once, and nothing is tried again."""
    monkeypatch.setattr(Interrupted, "error", error)
    monkeypatch.setattr(Interrupted, "ended", [])
    told: list[events.Event] = []
    model = ModelRegistry(
        {"config_name": "gpt", "model_type": "replay_interrupted"}, observers=[told.append]
    ).get_model("gpt")
    model.drivers = Replay([])

    async def catch() -> BaseException:
        answer = await model.acall("hi")
        try:
            await answer.complete()
        except BaseException as caught:
            return caught
        raise AssertionError("it went on")

    if how == "async":
        caught = asyncio.run(catch())
    else:
        with pytest.raises(type(error)) as raised:
            model("hi").text.strip()
        caught = raised.value
    assert caught is error
    assert Interrupted.ended == ["ended"]
    assert names(told) == ["CallStarted", "AttemptStarted", "FirstToken", "CallEnded"]
    assert isinstance(told[-1], events.CallEnded) and told[-1].error == type(error).__name__


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize(
    ("exchanges", "first", "whole"), [([SILENT, STREAM], 8.0, 13.0), ([STREAM], 0.0, 5.0)], ids=["retried", "at once"]
)
def test_a_call_is_timed_by_the_clock_of_its_driver(how: str, exchanges: list[Any], first: float, whole: float) -> None:
    clock = VirtualClock(1000.0)
    told: list[events.Event] = []

    def tell(event: events.Event) -> None:
        told.append(event)
        if type(event) is events.FirstToken:
            clock.advance(5.0)

    retry = {"initial": 8.0, "max_attempts": 2}
    model = ModelRegistry({**CHAT, "retry": retry}, observers=[tell]).get_model("gpt")
    model.drivers = Replay(exchanges, clock=clock)
    call(model, how, stream=True)
    ended = told[-1]
    assert isinstance(ended, events.CallEnded) and ended.first_token_seconds is not None
    slept = sum(model.drivers.virtual.slept)
    assert 0.75 * first <= slept <= first
    assert (ended.first_token_seconds, ended.seconds) == pytest.approx((slept, slept + whole - first))
    assert [event.time for event in told] == sorted(event.time for event in told)
    assert (ended.finish_reason, ended.attempts) == ("stop", len(exchanges))
