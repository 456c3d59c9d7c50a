"""The trail of a call: what was tried, in order, for every kind of model, whole and streamed, blocking and awaited."""

from __future__ import annotations

import copy
import gc
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

import modelhub
from modelhub import ModelRegistry, errors
from modelhub.base import ModelWrapperBase, override
from modelhub.testing import Replay

CONFIG = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
DONE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}
ANSWER = {"status": 200, "headers": {}, "body": json.dumps(DONE)}
LIMITED = {"status": 429, "headers": {"retry-after": "3"}, "body": "{}"}
BROKEN = {"status": 500, "headers": {}, "body": "{}"}
CHUNK = 'data: {"choices": [{"index": 0, "delta": {"content": "ok"}, "finish_reason": %s}]}\n\n'
STREAM = {"status": 200, "headers": {}, "chunks": [CHUNK % "null", CHUNK % '"stop"', "data: [DONE]\n\n"]}
CUT = {"status": 200, "headers": {}, "chunks": [CHUNK % "null"], "end": "abrupt"}


def build(exchanges: list[Any], **more: Any) -> Any:
    model = ModelRegistry({**CONFIG, "retry": {"max_attempts": 3, "initial": 1}, **more}).get_model("gpt")
    model.drivers = Replay(exchanges)
    return model


def tell(trail: tuple[modelhub.Attempt, ...]) -> list[Any]:
    return [(a.config_name, a.attempt, a.status, type(a.error).__name__, int(a.waited), a.outcome) for a in trail]


FIRST = ("gpt", 1, 429, "RateLimitError", 0, "failed")
SECOND = ("gpt", 2, 200, "NoneType", 3, "answered")


def test_an_answer_tells_what_was_tried(caller: Any) -> None:
    reply = caller.call(build([LIMITED, ANSWER]), "hi")
    assert tell(reply.trail) == [FIRST, SECOND]
    assert reply.config_name == "gpt"
    assert {attempt.model_type for attempt in reply.trail} == {"openai_chat"}


def test_a_stream_tells_what_was_tried(caller: Any) -> None:
    model = build([LIMITED, STREAM])
    deltas, reply = caller.deltas(model, "hi")
    assert [delta.text for delta in deltas] == ["ok", "ok"]
    assert tell(reply.trail) == [FIRST, SECOND]
    assert reply.config_name == "gpt"


def test_a_stream_that_is_still_arriving_tells_what_failed() -> None:
    reply = build([LIMITED, STREAM])("hi", stream=True)
    assert tell(reply.trail) == [FIRST]
    assert reply.text == "okok"
    assert tell(reply.trail) == [FIRST, SECOND]


def test_an_error_tells_what_was_tried(caller: Any) -> None:
    with pytest.raises(errors.ServerError) as caught:
        caller.call(build([LIMITED, BROKEN, BROKEN]), "hi")
    *before, last = caught.value.trail
    assert tell((*before,))[0] == FIRST
    assert [attempt.outcome for attempt in caught.value.trail] == ["failed"] * 3
    assert last.error is caught.value
    assert isinstance(before[0].error, errors.RateLimitError)


def test_a_stream_that_breaks_tells_what_was_tried(caller: Any) -> None:
    with pytest.raises(errors.StreamInterruptedError) as caught:
        caller.deltas(build([LIMITED, CUT]), "hi")
    assert [(attempt.status, attempt.outcome) for attempt in caught.value.trail] == [(429, "failed"), (200, "failed")]


def test_what_was_never_sent_has_no_trail() -> None:
    with pytest.raises(errors.BadRequestError) as caught:
        build([])([{"role": "human", "content": "x"}])
    assert caught.value.trail == ()
    assert modelhub.ModelResponse("x").trail == ()
    assert modelhub.ModelResponse("x").config_name is None


def test_several_requests_of_one_call_are_one_trail(caller: Any) -> None:
    rows = {"data": [{"index": n, "embedding": [1.0]} for n in range(64)]}
    more = {"data": rows["data"][:6]}
    bodies = [{"status": 200, "headers": {}, "body": json.dumps(body)} for body in (rows, more)]
    config = {**CONFIG, "model_type": "zhipuai_embedding", "retry": {"max_attempts": 2, "initial": 1}}
    with ModelRegistry(config) as hub:
        model: Any = hub.get_model("gpt")
        model.drivers = Replay([bodies[0], LIMITED, bodies[1]])
        reply = caller.call(model, [f"text {n}" for n in range(70)])
    assert [attempt.outcome for attempt in reply.trail] == ["answered", "failed", "answered"]


class Echo(ModelWrapperBase):
    """A wrapper in plain Python."""

    model_type = "trail_echo"

    @override
    def __call__(self, text: str) -> Any:
        if text == "fail":
            raise errors.ServerError("no")
        return (piece for piece in (text, text * 2)) if text == "stream" else text


@pytest.fixture
def echo() -> Iterator[Any]:
    with ModelRegistry(
        {"config_name": "echo", "model_type": "trail_echo", "retry": {"initial": 0.001}}, wrappers=[Echo]
    ) as hub:
        yield hub.get_model("echo")


def test_plain_python_has_a_trail(echo: Any, caller: Any) -> None:
    assert tell(caller.call(echo, "hi").trail) == [("echo", 1, None, "NoneType", 0, "answered")]
    with pytest.raises(errors.ServerError) as caught:
        caller.call(echo, "fail")
    assert [attempt.outcome for attempt in caught.value.trail] == ["failed"] * 3


class Front(ModelWrapperBase):
    """A wrapper that asks another model."""

    model_type = "trail_front"

    @override
    def __call__(self, text: str) -> Any:
        return INNER[0](text)


INNER: list[Any] = []


def test_a_model_that_asks_another_passes_its_trail_on(caller: Any) -> None:
    INNER[:] = [build([LIMITED, ANSWER])]
    with ModelRegistry({"config_name": "front", "model_type": "trail_front"}, wrappers=[Front]) as hub:
        reply = caller.call(hub.get_model("front"), "hi")
        assert tell(reply.trail) == [FIRST, SECOND]
        INNER[:] = [build([BROKEN] * 3)]
        with pytest.raises(errors.ServerError) as caught:
            caller.call(hub.get_model("front"), "hi")
    assert [attempt.config_name for attempt in caught.value.trail] == ["gpt"] * 3


class Stored(ModelWrapperBase):
    """A wrapper that raises and returns the same objects again and again."""

    model_type = "trail_stored"
    failure = errors.ServerError("no")
    reply = modelhub.ModelResponse("ok")

    @override
    def __call__(self, text: str) -> Any:
        if text == "fail":
            raise self.failure
        return self.reply


def test_objects_that_are_used_again_tell_of_the_last_call(caller: Any) -> None:
    config = {"config_name": "s", "model_type": "trail_stored", "retry": {"initial": 0.001}}
    with ModelRegistry(config, wrappers=[Stored]) as hub:
        for _ in range(4):
            assert len(caller.call(hub.get_model("s"), "hi").trail) == 1
            with pytest.raises(errors.ServerError) as caught:
                caller.call(hub.get_model("s"), "fail")
            assert 1 <= len(caught.value.trail) <= 3


def test_trails_cross_to_another_process() -> None:
    with pytest.raises(errors.ServerError) as caught:
        build([LIMITED, BROKEN, BROKEN])("hi")
    for crossed in (pickle.loads(pickle.dumps(caught.value)), copy.deepcopy(caught.value)):
        assert tell(crossed.trail) == tell(caught.value.trail)
        assert crossed.trail[-1].error is crossed
    for reply in (build([LIMITED, ANSWER])("hi"), build([LIMITED, STREAM])("hi", stream=True)):
        assert reply.text
        assert tell(pickle.loads(pickle.dumps(reply)).trail) == [FIRST, SECOND]


def test_an_error_with_a_trail_is_no_circle() -> None:
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(errors.ServerError) as caught:
            build([BROKEN] * 3)("hi")
        referrers = [entry for entry in caught.value._trail if entry[1] is caught.value]
    finally:
        gc.enable()
    assert referrers == []


@pytest.mark.parametrize("attempts", [2, 12])
def test_errors_of_many_tries_are_copied_and_cross_at_once(attempts: int) -> None:
    """Each error is in the copy once, also where the breaker has refused the last try."""
    guarded = {"retry": {"max_attempts": attempts + 1, "initial": 0}, "circuit_breaker": {"failures": attempts}}
    with pytest.raises(errors.ServerError) as caught:
        build([BROKEN] * attempts, **guarded)("Hi")
    outcomes = [attempt.outcome for attempt in caught.value.trail]
    assert outcomes == ["failed"] * attempts + ["rejected"]
    for twin in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert [attempt.outcome for attempt in twin.trail] == outcomes
    assert len(pickle.dumps(caught.value)) < 1000 * (attempts + 1)
