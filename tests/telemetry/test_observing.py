"""How observers are told: never in an event loop where they block, with the right parents, and for nothing if none."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from typing import Any

import pytest
from modelhub.wrappers.openai_embedding import OpenAIEmbeddingWrapper

from modelhub import ModelRegistry, ModelWrapperBase, errors, events
from modelhub.base import CompositeWrapper, Flow, ask
from modelhub.engine.call import Call
from modelhub.engine.effects import Together
from modelhub.prices.price import Price
from modelhub.telemetry.observers import Teller
from modelhub.testing import MockServer, Replay, VirtualClock

CHAT = {"config_name": "a", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
HELLO = {
    "status": 200,
    "headers": {"x-request-id": "r1"},
    "body": json.dumps({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}),
}
PIECE = 'data: {"choices": [{"index": 0, "delta": {"content": "hi"}}]}\n\n'
END = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
STREAM = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": [PIECE, PIECE, END]}
WRONG = {"status": 400, "headers": {"x-request-id": "r2"}, "body": "{}"}


class Slow:
    """An observer that blocks: it notes what it is told, and in which thread."""

    blocking = True

    def __init__(self) -> None:
        self.told: list[events.Event] = []
        self.threads: set[int] = set()

    def __call__(self, event: events.Event) -> None:
        self.told.append(event)
        self.threads.add(threading.get_ident())

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.told]


def build(observer: Any, exchanges: list[Any], **config: Any) -> Any:
    hub = ModelRegistry({**CHAT, "retry": {"max_attempts": 1}, **config}, observers=[observer])
    model = hub.get_model("a")
    model.drivers = Replay(exchanges)
    return model


@pytest.mark.parametrize("reply", [HELLO, WRONG], ids=["success", "failure"])
@pytest.mark.parametrize("how", ["sync", "async"])
def test_one_that_blocks_is_told_before_the_answer_is_given(reply: Any, how: str) -> None:
    slow = Slow()
    model = build(slow, [reply])

    async def ask() -> None:
        try:
            await model.acall("hi")
        finally:
            assert slow.names()[-1] == "CallEnded"

    try:
        if how == "sync":
            model("hi")
        else:
            asyncio.run(ask())
    except errors.BadRequestError:
        pass
    failed = ["AttemptFailed"] if reply is WRONG else []
    assert slow.names() == ["CallStarted", "AttemptStarted", *failed, "CallEnded"]
    assert (threading.get_ident() in slow.threads) is (how == "sync") and len(slow.threads) == 1


@pytest.mark.parametrize("how", ["sync", "async"])
def test_one_that_blocks_is_told_of_a_stream_at_its_end(how: str) -> None:
    slow = Slow()
    model = build(slow, [STREAM])

    async def ask() -> None:
        async for _ in await model.acall("hi", stream=True):
            assert slow.told == []

    if how == "async":
        asyncio.run(ask())
    else:
        for _ in model("hi", stream=True):
            assert slow.told == []
    assert slow.names() == ["CallStarted", "AttemptStarted", "FirstToken", "StreamEnded", "CallEnded"]
    assert (threading.get_ident() in slow.threads) is (how == "sync")


@pytest.mark.parametrize("end", ["close", "drop"])
@pytest.mark.parametrize("how", ["sync", "async"])
def test_one_that_blocks_is_told_of_a_stream_that_is_left(how: str, end: str) -> None:
    slow = Slow()
    model = build(slow, [STREAM])

    async def ask() -> None:
        answer = await model.acall("hi", stream=True)
        async for _ in answer:
            break
        if end == "close":
            answer.close()

    if how == "async":
        asyncio.run(ask())
    else:
        answer = model("hi", stream=True)
        next(iter(answer))
        if end == "close":
            answer.close()
        del answer
    gc.collect()
    assert slow.names() == ["CallStarted", "AttemptStarted", "FirstToken", "CallEnded"]
    assert isinstance(slow.told[-1], events.CallEnded) and slow.told[-1].error is None


class Streams(ModelWrapperBase):
    """A model without a connection, which streams."""

    model_type = "observing_streams"

    def __call__(self) -> Iterator[str]:
        yield from ("a", "ab")

    async def acall(self) -> AsyncIterator[str]:
        for text in ("a", "ab"):
            yield text


@pytest.mark.parametrize("how", ["sync", "async"])
def test_one_that_blocks_is_told_of_a_stream_that_its_registry_ends(how: str) -> None:
    slow = Slow()
    hub = ModelRegistry({"config_name": "s", "model_type": "observing_streams"}, wrappers=[Streams], observers=[slow])
    model = hub.get_model("s")

    async def ask() -> None:
        answer = await model.acall()
        with pytest.raises(errors.StreamInterruptedError, match="closed"):
            async for _ in answer:
                hub.close()

    if how == "async":
        asyncio.run(ask())
    else:
        with pytest.raises(errors.StreamInterruptedError, match="closed"):
            for _ in model():
                hub.close()
    assert slow.names() == ["CallStarted", "AttemptStarted", "FirstToken", "AttemptFailed", "CallEnded"]
    assert isinstance(slow.told[-1], events.CallEnded) and slow.told[-1].error == "StreamInterruptedError"


def test_a_cancelled_call_is_told_to_one_that_blocks() -> None:
    class Endless(ModelWrapperBase):
        model_type = "observing_endless"

        async def acall(self) -> None:
            await asyncio.Event().wait()

    slow = Slow()
    hub = ModelRegistry({"config_name": "e", "model_type": "observing_endless"}, observers=[slow])

    async def main() -> None:
        task = asyncio.create_task(hub.get_model("e").acall())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert slow.names() == ["CallStarted", "AttemptStarted", "CallEnded"]
    assert isinstance(slow.told[-1], events.CallEnded) and slow.told[-1].error == "CancelledError"


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("failure", [LookupError, SystemExit, asyncio.CancelledError, GeneratorExit])
def test_whatever_an_observer_raises_costs_no_answer(
    blocking: bool, failure: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: events.Event) -> None:
        raise failure("no disk")

    fail.blocking = blocking  # type: ignore[attr-defined]
    model = build(fail, [HELLO, HELLO, STREAM])
    with caplog.at_level(logging.WARNING, "modelhub"):
        assert model("hi").text == asyncio.run(model.acall("hi")).text == "hi"
        assert model("hi", stream=True).text == "hihi"
    assert [record.getMessage().partition(": ")[0] for record in caplog.records] == [
        "an observer failed and may have missed something"
    ]


def test_two_observers_that_fail_are_both_logged(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):

        def fail(event: events.Event) -> None:
            raise LookupError("no disk")

        with caplog.at_level(logging.WARNING, "modelhub"):
            build(fail, [HELLO])("hi")
        del fail
        gc.collect()
    assert len(caplog.records) == 2


def test_the_request_id_of_a_failure() -> None:
    told: list[events.Event] = []
    with pytest.raises(errors.BadRequestError):
        build(told.append, [WRONG])("hi")
    assert isinstance(told[-1], events.CallEnded) and told[-1].request_id == "r2"


def test_the_seconds_of_tries_that_are_made_at_once() -> None:
    told: list[events.Event] = []
    clock, model = VirtualClock(), build(told.append, [])
    model.drivers = Replay([], clock=clock)
    one = Call(model, "hi", {})
    teller = Teller(one, [told.append])
    other = copy(one)
    for call in (one, other):
        teller.attempt_started(call, 1)
        clock.advance(5.0)
    for call in (one, other):
        teller.attempt_failed(call, 1, errors.ServerError("no"), None)
    assert [event.seconds for event in told if isinstance(event, events.AttemptFailed)] == [10.0, 5.0]


# What a call costs


PRICED = {**HELLO, "body": json.dumps({**json.loads(HELLO["body"]), "usage": {"prompt_tokens": 1000}})}


def test_what_calls_cost_is_told() -> None:
    told: list[events.Event] = []
    configs = [{**CHAT, "cache": {}}, {**CHAT, "config_name": "b"}]
    front = {"config_name": "f", "model_type": "chain", "steps": [{"model": "a"}, {"model": "b"}]}
    with ModelRegistry([*configs, front], observers=[told.append]) as hub:
        drivers = Replay([PRICED, PRICED, PRICED, WRONG])
        for name in hub.names():
            hub.get_model(name).drivers = drivers
        for name in "ab":
            hub.get_model(name).home.price = Price(prompt=1.0, completion=2.0, currency="EUR", per=1000)
        hub.get_model("f")("hi")
        hub.get_model("f")("hi")
        with pytest.raises(errors.BadRequestError):
            hub.get_model("b")("hi")
    costs = [
        (event.config_name, event.cost, event.currency, event.cached)
        for event in told
        if isinstance(event, events.CallEnded)
    ]
    one = 1.0
    assert costs == [
        ("a", one, "EUR", False),
        ("b", one, "EUR", False),
        ("f", 2 * one, "EUR", False),
        ("a", 0.0, "EUR", True),
        ("b", one, "EUR", False),
        ("f", one, "EUR", False),
        ("b", None, None, False),
    ]


# Parents


class Asks(ModelWrapperBase):
    """Asks ``a``, in one of many ways, blocking or not."""

    model_type = "observing_asks"

    def __init__(self, config_name: str, way: str, **kwargs: Any) -> None:
        super().__init__(config_name)
        self.way = way

    def __call__(self, text: str) -> Any:
        target = self.home.find_model("a")  # type: ignore[misc]
        if self.way == "stream":
            return (delta.text for delta in target(text, stream=True))
        if self.way == "loop":
            return asyncio.run(target.acall(text)).text
        return target(text).text


class AsksLater(ModelWrapperBase):
    """Asks ``a`` from tasks, from threads, and while it streams."""

    model_type = "observing_asks_later"

    def __init__(self, config_name: str, way: str, **kwargs: Any) -> None:
        super().__init__(config_name)
        self.way = way

    async def acall(self, text: str) -> Any:
        target = self.home.find_model("a")  # type: ignore[misc]
        if self.way == "tasks":
            both = await asyncio.gather(target.acall(text), target.acall(text))
            return both[0].text
        if self.way == "threads":
            return (await asyncio.to_thread(target, text)).text
        return self.pieces(target, text)

    async def pieces(self, target: Any, text: str) -> AsyncIterator[str]:
        for _ in range(2):
            yield (await target.acall(text)).text


@pytest.mark.parametrize(
    ("kind", "way", "how"),
    [
        *(("observing_asks", way, how) for way in ("call", "stream") for how in ("sync", "async", "thread")),
        ("observing_asks", "loop", "sync"),
        *(("observing_asks_later", way, "async") for way in ("tasks", "threads", "pieces")),
    ],
)
def test_a_call_within_a_call_names_it(kind: str, way: str, how: str) -> None:
    told: list[events.Event] = []
    configs = [
        CHAT,
        {"config_name": "asks", "model_type": kind, "way": way},
        {"config_name": "f", "model_type": "fallback", "models": ["asks"]},
    ]
    with ModelRegistry(configs, wrappers=[Asks, AsksLater], observers=[told.append]) as hub:
        hub.get_model("a").drivers = Replay([STREAM if way == "stream" else HELLO] * 4)
        model = hub.get_model("f")

        async def ask(blocking: bool) -> None:
            answer = await (asyncio.to_thread(model, "hi") if blocking else model.acall("hi"))
            assert (await answer.complete()).text

        if how == "sync":
            assert model("hi").text
        else:
            asyncio.run(ask(how == "thread"))
        hub.get_model("a").drivers = Replay([HELLO])
        hub.get_model("a")("hi")  # a call of its own
    started = [event for event in told if isinstance(event, events.CallStarted)]
    *inner, alone = [event for event in started if event.config_name == "a"]
    (front,), (asks,) = ([event for event in started if event.config_name == name] for name in ("f", "asks"))
    assert (front.parent_id, asks.parent_id, alone.parent_id) == (None, front.call_id, None)
    assert inner and {event.parent_id for event in inner} == {asks.call_id}


class Through(ModelWrapperBase):
    """Asks a model of another registry."""

    model_type = "observing_through"
    target: Any = None

    def __call__(self, text: str) -> Any:
        return self.target(text)


def test_who_is_not_watched_is_no_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[events.Event] = []
    through = {"config_name": "out", "model_type": "observing_through"}
    asks = {"config_name": "asks", "model_type": "observing_asks", "way": "call"}
    with (
        ModelRegistry([CHAT, through], wrappers=[Through], observers=[told.append]) as watched,
        ModelRegistry(asks, wrappers=[Asks]) as unwatched,
    ):
        watched.get_model("a").drivers = Replay([HELLO])
        watched.get_model("out").target = unwatched.get_model("asks")
        monkeypatch.setattr(unwatched, "get_model", watched.get_model)
        assert watched.get_model("out")("hi").text == "hi"
    out, inner = (event for event in told if isinstance(event, events.CallStarted))
    assert (out.config_name, inner.config_name, inner.parent_id) == ("out", "a", out.call_id)


def test_parts_that_are_sent_at_once_belong_to_one_call(server: MockServer) -> None:
    class OneByOne(OpenAIEmbeddingWrapper):
        model_type = "observing_one_by_one"

        def find_batch_size(self) -> int:
            return 1

    told: list[events.Event] = []
    config = {**CHAT, "model_type": "observing_one_by_one", "client_args": {"base_url": f"{server.url}/v1"}}
    with ModelRegistry(config, wrappers=[OneByOne], observers=[told.append]) as hub:
        assert len(hub.get_model("a")(list("abcdef")).embedding) == 6
        assert len(asyncio.run(hub.get_model("a").acall(list("abcdef"))).embedding) == 6
    assert Counter(type(event).__name__ for event in told) == {"CallStarted": 2, "AttemptStarted": 12, "CallEnded": 2}
    assert all(event.attempts == 6 for event in told if isinstance(event, events.CallEnded))


class Both(CompositeWrapper):
    """Asks two models at once."""

    model_type = "observing_both"

    def list_targets(self) -> list[str]:
        return ["a", "b"]

    def answer(self, call: Call) -> Flow[Any]:
        answers = yield Together([ask(call, self.find(name, call)) for name in self.list_targets()])
        return answers[0]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_models_that_are_asked_at_once_have_one_parent(server: MockServer, how: str) -> None:
    told: list[events.Event] = []
    at = {"client_args": {"base_url": f"{server.url}/v1"}}
    configs = [{**CHAT, **at}, {**CHAT, **at, "config_name": "b"}, {"config_name": "f", "model_type": "observing_both"}]
    with ModelRegistry(configs, wrappers=[Both], observers=[told.append]) as hub:
        model = hub.get_model("f")
        answer = model("echo: hi") if how == "sync" else asyncio.run(model.acall("echo: hi"))
        assert answer.text == "hi"
    front, *both = [event for event in told if isinstance(event, events.CallStarted)]
    assert sorted(event.config_name for event in both) == ["a", "b"]
    assert {event.parent_id for event in both} == {front.call_id}


def test_calls_that_are_sent_together_have_a_beginning_and_an_end_each(server: MockServer) -> None:
    told: list[events.Event] = []
    config = {**CHAT, "model_type": "openai_embedding", "client_args": {"base_url": f"{server.url}/v1"}}
    with (
        ModelRegistry({**config, "batch": {"max_size": 4, "max_wait": 60}}, observers=[told.append]) as hub,
        ThreadPoolExecutor(4) as threads,
    ):
        assert len(list(threads.map(hub.get_model("a"), "abcd"))) == 4
    assert Counter(type(event).__name__ for event in told) == {"CallStarted": 4, "AttemptStarted": 1, "CallEnded": 4}
    assert sorted(event.attempts for event in told if isinstance(event, events.CallEnded)) == [0, 0, 0, 1]


# Without observers


@pytest.fixture
def counted() -> Iterator[Counter[str]]:
    """How often functions of each module are called in this thread."""
    calls: Counter[str] = Counter()

    def count(frame: Any, kind: str, given: Any) -> None:
        if kind == "call":
            calls[frame.f_globals.get("__name__", "")] += 1

    sys.setprofile(count)
    yield calls
    sys.setprofile(None)


FRONT = {"config_name": "f", "model_type": "fallback", "models": ["a"], "limits": {"rpm": 6000}}
GUARDED = {**CHAT, "limits": {"rpm": 600, "burst": 1}, "circuit_breaker": {}, "cache": {}}


def test_without_observers_nothing_of_it_is_called(counted: Counter[str]) -> None:
    with ModelRegistry([GUARDED, FRONT]) as hub:
        model = hub.get_model("f")
        model.drivers = hub.get_model("a").drivers = Replay([HELLO, HELLO])
        model("hi")
        model("another")  # which waits in line
        model("hi")  # which is kept
    assert counted["modelhub.policies.breaking"] and counted["modelhub.policies.caching"]
    for module in ("observers", "handing", "hooked", "told", "invocations"):
        assert counted[f"modelhub.telemetry.{module}"] == 0
    assert counted["modelhub.events"] == 0
