"""The events of a call: the same sequence from sync, async and replayed calls, failures included."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelWrapperBase, ResponseParsingError, errors, events, init
from modelhub.testing import MockServer, Replay, VirtualClock, VirtualDrivers

Told = list[events.Event]
CHAT = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "m", "api_key": "sk-private-1"}
REPLY = {
    "status": 200,
    "headers": {"x-request-id": "r1"},
    "body": '{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}],'
    ' "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}',
}
BUSY = {"status": 429, "headers": {"Retry-After": "2"}, "body": '{"error": {"message": "busy"}}'}
WRONG = {"status": 400, "body": '{"error": {"message": "no"}}'}
PIECE = 'data: {"choices": [{"index": 0, "delta": {"content": "hi "}}]}\n\n'
END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
STREAM = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": [PIECE, PIECE, END]}
BROKEN = {**STREAM, "chunks": [PIECE], "end": "abrupt"}
SILENT = {**STREAM, "chunks": [], "end": "abrupt"}

TRIED = ["CallStarted", "AttemptStarted"]
CASES: dict[str, tuple[list[Any], dict[str, Any], list[str], str | None]] = {
    "success": ([REPLY], {}, [*TRIED, "CallEnded"], None),
    "retried": ([BUSY, REPLY], {}, [*TRIED, "AttemptFailed", "RetryScheduled", "AttemptStarted", "CallEnded"], None),
    "failed": ([WRONG], {}, [*TRIED, "AttemptFailed", "CallEnded"], "BadRequestError"),
    "stream": ([STREAM], {"stream": True}, [*TRIED, "FirstToken", "StreamEnded", "CallEnded"], None),
    "stream retried": (
        [SILENT, STREAM],
        {"stream": True},
        [*TRIED, "AttemptFailed", "RetryScheduled", "AttemptStarted", "FirstToken", "StreamEnded", "CallEnded"],
        None,
    ),
    "stream broken": (
        [BROKEN],
        {"stream": True},
        [*TRIED, "FirstToken", "AttemptFailed", "CallEnded"],
        "StreamInterruptedError",
    ),
    "unparsable": (
        [{**REPLY, "body": "<html>"}],
        {},
        [*TRIED, "AttemptFailed", "CallEnded"],
        "ResponseParsingError",
    ),
}


def names(told: Told) -> list[str]:
    return [type(event).__name__ for event in told]


@pytest.fixture
def told() -> Told:
    return []


def build(told: Told, exchanges: list[Any], clock: VirtualClock | None = None, **config: Any) -> Any:
    hub = ModelRegistry({**CHAT, **config}, observers=[told.append])
    model = hub.get_model("gpt")
    model.drivers = Replay(exchanges, clock=clock)
    return model


def call(model: Any, how: str, **options: Any) -> None:
    """Call a model and read its answer to the end; its errors are what the events tell."""

    async def wait() -> None:
        answer = await model.acall("hi", **options)
        async for _ in answer:
            pass

    try:
        if how == "async":
            asyncio.run(wait())
        else:
            for _ in model("hi", **options):
                pass
    except errors.ModelCallError:
        pass


@pytest.mark.parametrize("case", CASES)
def test_the_same_is_told_whoever_drives(case: str) -> None:
    exchanges, options, expected, error = CASES[case]
    both: list[Told] = []
    for how in ("sync", "async"):
        told: Told = []
        call(build(told, exchanges), how, **options)
        assert names(told) == expected, how
        assert {event.config_name for event in told} == {"gpt"}
        assert len({event.call_id for event in told}) == 1
        assert [event.time for event in told] == sorted(event.time for event in told)
        ended = told[-1]
        assert isinstance(ended, events.CallEnded)
        assert (ended.error, ended.attempts) == (error, expected.count("AttemptStarted"))
        assert ended.stream is bool(options)
        both.append(told)
    tell = [[(type(event), getattr(event, "attempt", 0), getattr(event, "error", None)) for event in t] for t in both]
    assert tell[0] == tell[1]


@pytest.mark.parametrize("case", ["success", "retried", "failed", "stream"])
def test_real_sockets_tell_what_replays_tell(told: Told, server: MockServer, case: str) -> None:
    _, options, expected, _ = CASES[case]
    server.script(*{"retried": ["429;retry-after-ms=1"], "failed": ["400"]}.get(case, []))
    hub = ModelRegistry({**CHAT, "client_args": {"base_url": f"{server.url}/v1"}}, observers=[told.append])
    with hub:
        call(hub.get_model("gpt"), "sync", **options)
    assert names(told) == expected


@pytest.mark.usefixtures("exact_pauses")
def test_what_the_end_of_a_call_says(told: Told) -> None:
    clock = VirtualClock(100.0)
    model = build(told, [BUSY, REPLY], clock)
    model("hi", temperature=0.5)
    started, *_, failed, scheduled, _, ended = told
    assert isinstance(started, events.CallStarted) and isinstance(failed, events.AttemptFailed)
    assert isinstance(scheduled, events.RetryScheduled) and isinstance(ended, events.CallEnded)
    assert (started.model_type, started.model, started.task, started.parent_id) == ("openai_chat", "m", "chat", None)
    assert started.arguments == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5,
        "stream": False,
    }
    assert (failed.attempt, failed.status, failed.error, failed.time) == (1, 429, "RateLimitError", 100.0)
    assert (scheduled.attempt, scheduled.wait) == (2, 2.0)
    assert (ended.seconds, ended.first_token_seconds, ended.attempts, ended.time) == (2.0, None, 2, 102.0)
    assert (ended.finish_reason, ended.request_id) == ("stop", "r1")
    assert ended.usage is not None and ended.usage.total_tokens == 5
    assert ended.response is not None and ended.response.text == "hi"


def test_the_time_to_the_first_token(told: Told) -> None:
    clock = VirtualClock()
    model = build(told, [SILENT, STREAM], clock, retry={"initial": 4.0})
    answer = model("hi", stream=True)
    clock.advance(10.0)
    assert answer.text == "hi hi "
    ended = told[-1]
    assert isinstance(ended, events.CallEnded)
    assert ended.first_token_seconds is not None and 3.0 <= ended.first_token_seconds <= 4.0
    assert ended.seconds == ended.first_token_seconds + 10.0


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_stream_that_is_left_ends_once_without_an_error(told: Told, how: str) -> None:
    model = build(told, [STREAM])
    answer = model("hi", stream=True)
    next(iter(answer))
    if how == "close":
        answer.close()
        answer.close()
    del answer
    assert names(told) == [*TRIED, "FirstToken", "CallEnded"]
    assert isinstance(told[-1], events.CallEnded) and told[-1].error is None


def test_a_cancelled_call_says_so(told: Told) -> None:
    class Forever(ModelWrapperBase):
        model_type = "events_forever"

        async def acall(self) -> None:
            await asyncio.Event().wait()

    async def main() -> None:
        hub = ModelRegistry({"config_name": "f", "model_type": "events_forever"}, observers=[told.append])
        task = asyncio.create_task(hub.get_model("f").acall())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert names(told) == [*TRIED, "CallEnded"]
    assert isinstance(told[-1], events.CallEnded) and told[-1].error == "CancelledError"


def test_a_refusal_before_sending_is_told_from_the_start(told: Told) -> None:
    for refuse in ({"messages": 5}, {"messages": [{"role": "pope", "content": "hi"}]}):
        told.clear()
        with pytest.raises(errors.BadRequestError, match=r"^gpt \(openai_chat\): "):
            build(told, [])(**refuse)
        assert names(told) == ["CallStarted", "CallEnded"]
        assert isinstance(told[-1], events.CallEnded) and told[-1].error == "BadRequestError"


def test_every_try_of_a_parse_function_is_a_call(told: Told) -> None:
    def parse(response: Any) -> str:
        if names(told).count("CallEnded") < 2:
            raise ResponseParsingError("again")
        return "done"

    assert build(told, [REPLY, REPLY])("hi", parse_func=parse) == "done"
    assert names(told) == [*TRIED, "CallEnded"] * 2


class Outer(ModelWrapperBase):
    """Asks another model: in its thread, in another one, or as a stream."""

    model_type = "events_outer"
    hub: Any = None

    def __call__(self, text: str) -> str:
        return str(self.hub.get_model("gpt")(text).text)

    async def acall(self, text: str) -> str:
        both = await asyncio.gather(*(asyncio.to_thread(self.hub.get_model("gpt"), text) for _ in range(2)))
        return "".join(answer.text for answer in both)


class OuterStream(ModelWrapperBase):
    """Passes a stream of another model on."""

    model_type = "events_outer_stream"

    def __call__(self, text: str) -> Iterator[str]:
        for delta in Outer.hub.get_model("gpt")(text, stream=True):
            yield delta.text


@pytest.mark.parametrize(
    ("kind", "how"), [("events_outer", "sync"), ("events_outer", "async"), ("events_outer_stream", "sync")]
)
def test_a_call_within_a_call_names_its_parent(told: Told, kind: str, how: str) -> None:
    hub = ModelRegistry([CHAT, {"config_name": "out", "model_type": kind}], observers=[told.append])
    Outer.hub = hub
    hub.get_model("gpt").drivers = Replay([STREAM if "stream" in kind else REPLY] * 2)
    call(hub.get_model("out"), how)
    outer = [event for event in told if event.config_name == "out"]
    inner = [event for event in told if event.config_name == "gpt" and isinstance(event, events.CallStarted)]
    assert names(outer)[0] == "CallStarted" and names(outer)[-1] == "CallEnded"
    assert inner and {event.parent_id for event in inner} == {outer[0].call_id}
    assert isinstance(outer[0], events.CallStarted) and outer[0].parent_id is None
    assert names(told)[-1] == "CallEnded" and told[-1] is outer[-1]


def test_a_consumer_of_a_stream_is_no_part_of_it(told: Told) -> None:
    hub = ModelRegistry([CHAT, {"config_name": "out", "model_type": "events_outer_stream"}], observers=[told.append])
    Outer.hub = hub
    hub.get_model("gpt").drivers = Replay([STREAM, REPLY])
    for _ in hub.get_model("out")("hi"):
        break
    hub.get_model("gpt")("hi")
    last = [event for event in told if isinstance(event, events.CallStarted)][-1]
    assert last.parent_id is None


def test_a_call_on_to_the_base_is_no_call_of_its_own(told: Told) -> None:
    from modelhub.wrappers.openai import OpenAIChatWrapper

    class Louder(OpenAIChatWrapper):
        model_type = "events_louder"

        def __call__(self, messages: Any, **options: Any) -> Any:
            return super().__call__(messages.upper(), **options)

    hub = ModelRegistry({**CHAT, "model_type": "events_louder"}, wrappers=[Louder], observers=[told.append])
    hub.get_model("gpt").drivers = Replay([REPLY])
    assert hub.get_model("gpt")("hi").text == "hi"
    assert names(told).count("CallStarted") == names(told).count("CallEnded") == 1


@pytest.mark.parametrize("register", ["init", "registry", "observe"])
def test_the_ways_to_listen(told: Told, register: str) -> None:
    if register == "init":
        hub = init(CHAT, observers=[told.append])
    elif register == "registry":
        hub = ModelRegistry(CHAT, observers=[told.append])
    else:
        hub = ModelRegistry(CHAT)
        hub.get_model("gpt")  # models that were built before are listened to as well
        hub.observe(told.append)
    hub.get_model("gpt").drivers = Replay([REPLY])
    hub.get_model("gpt")("hi")
    assert names(told) == [*TRIED, "CallEnded"]


def test_an_observer_can_be_called() -> None:
    with pytest.raises(TypeError, match="takes an event, not 7"):
        ModelRegistry(CHAT, observers=[7])  # type: ignore[list-item]


def test_an_observer_that_fails_costs_no_answer(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    def fail(event: events.Event) -> None:
        raise LookupError("no disk")

    hub = ModelRegistry(CHAT, observers=[fail, told.append])
    hub.get_model("gpt").drivers = Replay([REPLY, REPLY])
    with caplog.at_level(logging.WARNING, "modelhub"):
        assert hub.get_model("gpt")("hi").text == hub.get_model("gpt")("hi").text == "hi"
    assert len(caplog.records) == 1 and "LookupError: no disk" in caplog.text
    assert names(told) == [*TRIED, "CallEnded"] * 2


def test_counting_tokens_is_no_call(told: Told) -> None:
    build(told, []).count_tokens("hi")
    assert told == []


def test_nothing_is_built_when_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [name for name, cls in inspect.getmembers(events, inspect.isclass) if issubclass(cls, events.Event)]
    for name in records:
        monkeypatch.setattr(events, name, None)
    model = ModelRegistry(CHAT).get_model("gpt")
    model.drivers = Replay([REPLY, STREAM])
    assert model("hi").text == "hi"
    assert model("hi", stream=True).text == "hi hi "


@pytest.mark.parametrize(
    "record", [cls for _, cls in inspect.getmembers(events, inspect.isclass) if issubclass(cls, events.Event)]
)
def test_records_are_frozen_and_documented(record: type[events.Event]) -> None:
    fields: list[Any] = list(dataclasses.fields(record))
    assert [field.name for field in fields[:3]] == ["config_name", "call_id", "time"]
    made = record(**{field.name: None for field in fields})
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.time = 1.0  # type: ignore[misc]
    assert set(dataclasses.asdict(made)) == {field.name for field in fields}
    assert record.__doc__


def test_ids_are_unique_in_threads(told: Told) -> None:
    model = build(told, [REPLY] * 20)
    lock = threading.Lock()

    def one() -> None:
        with lock:  # a replay hands its recordings out in order
            model("hi")

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({event.call_id for event in told}) == 20


@pytest.mark.usefixtures("exact_pauses")
def test_a_replay_waits_for_nothing_and_opens_nothing(monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    monkeypatch.setattr("time.sleep", None)
    monkeypatch.setattr("modelhub.sync.pool.Pool", None)
    monkeypatch.setattr("modelhub.aio.session.Session", None)
    for how in ("sync", "async"):
        model = build(told, [BUSY, REPLY])
        call(model, how)
        assert model.drivers.delays == [0.0, 2.0]


@pytest.mark.usefixtures("exact_pauses")
def test_virtual_drivers_are_real_connections(server: MockServer) -> None:
    server.script("429;retry-after=30")
    with ModelRegistry({**CHAT, "client_args": {"base_url": f"{server.url}/v1"}}) as hub:
        model = hub.get_model("gpt")
        model.drivers = drivers = VirtualDrivers()
        assert model("echo: hi").text == "hi"
        assert drivers.virtual.slept == [30.0]
        drivers.close()
