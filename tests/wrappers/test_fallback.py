"""A fallback asks the next model when one fails: whole, streamed, blocking, awaited, nested, and for every task."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from modelhub.wrappers.fallback import FallbackWrapper

from modelhub import ModelRegistry, errors, events
from modelhub.base import ModelWrapperBase, override
from modelhub.errors import ConfigError
from modelhub.testing import Replay

DONE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}
ANSWER = {"status": 200, "headers": {}, "body": json.dumps(DONE)}
LIMITED = {"status": 429, "headers": {}, "body": "{}"}
BROKEN = {"status": 500, "headers": {}, "body": "{}"}
WRONG = {"status": 400, "headers": {}, "body": '{"error": {"message": "no such option"}}'}
CHUNK = 'data: {"choices": [{"index": 0, "delta": {"content": "ok"}, "finish_reason": %s}]}\n\n'
STREAM = {"status": 200, "headers": {}, "chunks": [CHUNK % "null", CHUNK % '"stop"', "data: [DONE]\n\n"]}
CUT = {"status": 200, "headers": {}, "chunks": [CHUNK % "null"], "end": "abrupt"}
SILENT = {"status": 200, "headers": {}, "chunks": [], "end": "abrupt"}


def build(exchanges: dict[str, list[Any]], *more: Any, ask: str = "front", **options: Any) -> tuple[ModelRegistry, Any]:
    """A registry with a model for each name, a fallback over all of them, and what answers all in turn."""
    once = {"api_key": "k", "retry": {"max_attempts": 1}}
    configs = [{"config_name": name, "model_type": "openai_chat", "model_name": name, **once} for name in exchanges]
    front = {"config_name": "front", "model_type": "fallback", "models": list(exchanges), **options}
    hub = ModelRegistry([*configs, front, *more])
    model = hub.get_model(ask)
    model.drivers = Replay([reply for replies in exchanges.values() for reply in replies])
    return hub, model


def tell(trail: Any) -> list[Any]:
    return [(attempt.config_name, attempt.outcome) for attempt in trail]


def asked(model: Any) -> list[str]:
    """The names of the models that were asked, in order."""
    return [json.loads(request.body)["model"] for request in model.drivers.requests]


FAILURES = {
    "limited": LIMITED,
    "broken": BROKEN,
    "no connection": {"end": "reset_before"},
    "no JSON": {**ANSWER, "body": "<"},
}


@pytest.mark.parametrize("failure", FAILURES)
def test_the_next_is_asked(failure: str, caller: Any) -> None:
    _, model = build({"a": [FAILURES[failure]], "b": [ANSWER]})
    reply = caller.call(model, "hi")
    assert (reply.text, reply.config_name) == ("ok", "b")
    assert tell(reply.trail) == [("a", "failed"), ("b", "answered")]


def test_the_first_is_enough(caller: Any) -> None:
    _, model = build({"a": [ANSWER], "b": []})
    assert caller.call(model, "hi").config_name == "a"
    assert asked(model) == ["a"]


@pytest.mark.parametrize("failure", [LIMITED, SILENT], ids=["limited", "silent"])
def test_a_stream_goes_on_with_the_next(failure: Any, caller: Any) -> None:
    _, model = build({"a": [failure], "b": [STREAM]})
    deltas, reply = caller.deltas(model, "hi")
    assert [delta.text for delta in deltas] == ["ok", "ok"]
    assert (reply.text, reply.config_name) == ("okok", "b")
    assert tell(reply.trail) == [("a", "failed"), ("b", "answered")]


def test_nothing_is_said_twice(caller: Any) -> None:
    _, model = build({"a": [CUT], "b": [STREAM]})
    with pytest.raises(errors.StreamInterruptedError) as caught:
        caller.deltas(model, "hi")
    assert caught.value.partial.text == "ok"
    assert asked(model) == ["a"]


def test_an_error_of_another_kind_is_raised_at_once(caller: Any) -> None:
    _, model = build({"a": [LIMITED], "b": [WRONG], "c": [ANSWER]})
    with pytest.raises(errors.BadRequestError, match="no such option") as caught:
        caller.call(model, "hi")
    assert tell(caught.value.trail) == [("a", "failed"), ("b", "failed")]
    assert caught.value.trail[-1].error is caught.value
    assert asked(model) == ["a", "b"]


def test_on_error_says_which_errors_count(caller: Any) -> None:
    _, model = build({"a": [WRONG], "b": [LIMITED], "c": [ANSWER]}, on_error=["BadRequestError"])
    with pytest.raises(errors.RateLimitError) as caught:
        caller.call(model, "hi")
    assert tell(caught.value.trail) == [("a", "failed"), ("b", "failed")]
    assert asked(model) == ["a", "b"]


def test_when_none_answers(caller: Any) -> None:
    _, model = build({"a": [LIMITED], "b": [BROKEN]})
    with pytest.raises(errors.ServerError) as caught:
        caller.call(model, "hi")
    error = caught.value
    assert str(error).startswith("front (fallback): none of 2 models answered: a (openai_chat): ")
    assert "b (openai_chat): " in str(error)
    assert tell(error.trail) == [("a", "failed"), ("b", "failed")]
    assert isinstance(error.trail[0].error, errors.RateLimitError)
    assert error.trail[1].error is error


def test_fallbacks_within_fallbacks(caller: Any) -> None:
    outer = {"config_name": "outer", "model_type": "fallback", "models": ["front", "c"]}
    last = {"config_name": "c", "model_type": "openai_chat", "api_key": "k", "retry": {"max_attempts": 1}}
    _, model = build({"a": [LIMITED], "b": [BROKEN]}, outer, last, ask="outer")
    model.drivers = Replay([LIMITED, BROKEN, ANSWER, LIMITED, BROKEN, STREAM])
    reply = caller.call(model, "hi")
    assert tell(reply.trail) == [("a", "failed"), ("b", "failed"), ("c", "answered")]
    reply = caller.deltas(model, "hi")[1]
    assert tell(reply.trail) == [("a", "failed"), ("b", "failed"), ("c", "answered")]
    assert reply.config_name == "c"


def test_a_nested_stream_tells_of_all(caller: Any) -> None:
    outer = {"config_name": "outer", "model_type": "fallback", "models": ["c", "front"]}
    first = {"config_name": "c", "model_type": "openai_chat", "api_key": "k", "retry": {"max_attempts": 1}}
    _, model = build({"a": [], "b": []}, outer, first, ask="outer")
    model.drivers = Replay([BROKEN, LIMITED, STREAM])
    reply = caller.deltas(model, "hi")[1]
    assert tell(reply.trail) == [("c", "failed"), ("a", "failed"), ("b", "answered")]


def test_tools_and_formats_go_on_to_the_models(caller: Any) -> None:
    said = {"choices": [{"index": 0, "message": {"role": "assistant", "content": '{"n": 1}'}, "finish_reason": "stop"}]}
    _, model = build({"a": [LIMITED], "b": [{**ANSWER, "body": json.dumps(said)}]})
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    options = {"response_format": schema, "temperature": 0}
    assert caller.call(model, "hi", **options).parsed == {"n": 1}
    body = json.loads(model.drivers.requests[1].body)
    assert body["temperature"] == 0
    assert body["response_format"]["type"] == "json_schema"


def test_parse_func_is_kept(caller: Any, exact_pauses: None) -> None:
    _, model = build({"a": [], "b": []})
    model.drivers = Replay([LIMITED, ANSWER, LIMITED, ANSWER])
    seen: list[str] = []

    def parse(reply: Any) -> str:
        seen.append(reply.config_name)
        if len(seen) == 1:
            raise errors.ResponseParsingError("again")
        return f"parsed {reply.text}"

    assert caller.call(model, "hi", parse_func=parse) == "parsed ok"
    assert seen == ["b", "b"]


def test_streams_are_asked_for_in_the_config() -> None:
    _, model = build({"a": [LIMITED], "b": [STREAM]}, stream=True)
    assert [delta.text for delta in model("hi")] == ["ok", "ok"]


def test_embeddings_too(caller: Any) -> None:
    once = {"retry": {"max_attempts": 1}, "api_key": "k"}
    configs = [{"config_name": name, "model_type": "openai_embedding", **once} for name in ("a", "b")]
    hub = ModelRegistry([*configs, {"config_name": "front", "model_type": "fallback", "models": ["a", "b"]}])
    model = hub.get_model("front")
    row = {"data": [{"index": 0, "embedding": [1.0]}]}
    model.drivers = Replay([BROKEN, {**ANSWER, "body": json.dumps(row)}])
    assert model.task == "embedding"
    assert caller.call(model, ["x"]).embedding == [[1.0]]


class Local(ModelWrapperBase):
    """A model in plain Python."""

    model_type = "fallback_local"

    @override
    def __call__(self, text: str) -> str:
        return text.upper()


class Awaited(ModelWrapperBase):
    """A model that can only be awaited."""

    model_type = "fallback_awaited"

    @override
    async def acall(self, text: str) -> str:
        return text.upper()


def test_plain_python_as_a_target(caller: Any) -> None:
    front = {"config_name": "front", "model_type": "fallback", "models": ["a", "local"]}
    first = {"config_name": "a", "model_type": "openai_chat", "api_key": "k", "retry": {"max_attempts": 1}}
    hub = ModelRegistry([first, front, {"config_name": "local", "model_type": "fallback_local"}], wrappers=[Local])
    model = hub.get_model("front")
    model.drivers = Replay([LIMITED])
    reply = caller.call(model, "hi")
    assert (reply.text, reply.config_name) == ("HI", "local")


async def ask_awaited() -> str:
    front = {"config_name": "front", "model_type": "fallback", "models": ["local"]}
    hub = ModelRegistry([front, {"config_name": "local", "model_type": "fallback_awaited"}], wrappers=[Awaited])
    reply: Any = await hub.get_model("front").acall("hi")
    return str(reply.text)


def test_a_target_that_can_only_be_awaited() -> None:
    import asyncio

    assert asyncio.run(ask_awaited()) == "HI"


def test_observers_see_whose_part_a_call_is(caller: Any) -> None:
    hub, model = build({"a": [LIMITED], "b": [ANSWER]})
    seen: list[Any] = []
    hub.observe(seen.append)
    caller.call(model, "hi")
    started = {event.config_name: event for event in seen if isinstance(event, events.CallStarted)}
    assert started["front"].parent_id is None
    assert {started[name].parent_id for name in ("a", "b")} == {started["front"].call_id}
    ended = [event.config_name for event in seen if isinstance(event, events.CallEnded)]
    assert ended == ["a", "b", "front"]


def test_what_a_call_may_reach() -> None:
    outer = {"config_name": "outer", "model_type": "fallback", "models": ["front", "a", "c"]}
    last = {"config_name": "c", "model_type": "openai_chat", "api_key": "k"}
    hub, _ = build({"a": [], "b": []}, outer, last)
    assert hub.reach("outer") == ["outer", "front", "a", "c", "b"]
    assert hub.reach("b") == ["b"]


def test_one_that_is_built_by_hand_is_checked_too() -> None:
    with pytest.raises(ConfigError, match="without models"):
        FallbackWrapper("front")
    with pytest.raises(ConfigError, match="'Problem'"):
        FallbackWrapper("front", models=["a"], on_error=["Problem"])


WRONG_CONFIGS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a target that is not there": ({"models": ["gtp"]}, "MH303", "there is no config called 'gtp'.*gpt"),
    "itself": ({"models": ["gpt", "front"]}, "MH304", "circle"),
    "an unknown error": ({"models": ["gpt"], "on_error": ["RateLimitErr"]}, "MH2", "RateLimitError"),
    "no models": ({"models": []}, "MH2", "models"),
    "a key of other types": ({"models": ["gpt"], "api_key": "k"}, "MH1", "api_key"),
}


@pytest.mark.parametrize("wrong", WRONG_CONFIGS)
def test_configs_that_are_wrong(wrong: str) -> None:
    options, code, words = WRONG_CONFIGS[wrong]
    gpt = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "k"}
    with pytest.raises(ConfigError, match=words) as caught:
        ModelRegistry([gpt, {"config_name": "front", "model_type": "fallback", **options}])
    assert caught.value.problems[0].code.startswith(code)


def test_one_call_sees_one_generation(tmp_path: Any, caller: Any) -> None:
    """The first model changes the file and reloads while it is asked: the second is still the one of before."""
    path = tmp_path / "models.yaml"
    lines = "- {config_name: both, model_type: fallback, models: [first, inner]}\n" + (
        "- {config_name: inner, model_type: fallback, models: [second]}\n"
        "- {config_name: first, model_type: reloading}\n- {config_name: second, model_type: tells, word: %s}\n"
    )

    class Reloading(ModelWrapperBase):
        model_type = "reloading"

        def __call__(self, prompt: str, **options: Any) -> str:
            path.write_text(lines % "after")
            assert hub.reload().changed == ("second",)
            raise errors.ServerError("down", retryable=False)

    class Tells(ModelWrapperBase):
        model_type = "tells"

        def __init__(self, config_name: str, word: str) -> None:
            super().__init__(config_name)
            self.word = word

        def __call__(self, prompt: str, **options: Any) -> str:
            return self.word

    path.write_text(lines % "before")
    with ModelRegistry(path, wrappers=[Reloading, Tells]) as hub:
        assert caller.call(hub.get_model("both"), "hi").text == "before"
        assert caller.call(hub.get_model("inner"), "hi").text == "after"


def test_what_all_of_its_models_can() -> None:
    chat = {"model_type": "openai_chat", "api_key": "k"}
    configs = [
        {"config_name": "all", **chat, "capabilities": {"tools": True, "input": ["text", "image"]}},
        {"config_name": "few", **chat, "capabilities": {"tools": False, "input": ["text"]}},
        {"config_name": "both", "model_type": "fallback", "models": ["all", "few"]},
        {"config_name": "embedding", "model_type": "openai_embedding", "api_key": "k"},
        {"config_name": "vectors", "model_type": "fallback", "models": ["embedding"]},
    ]
    with ModelRegistry(configs) as hub:
        found = hub.get_model("both").capabilities
        assert (found["tools"], found["modalities"]["input"]) == (False, ["text"])
        assert hub.capabilities("all")["tools"] is True
        assert hub.get_model("vectors").capabilities["modalities"]["output"] == ["embedding"]


def test_tokens_are_estimated_where_a_model_cannot_count() -> None:
    class Echo(ModelWrapperBase):
        model_type = "echo_without_a_count"

        def __call__(self, prompt: str) -> str:
            return prompt

    configs = [
        {"config_name": "echo", "model_type": "echo_without_a_count"},
        {"config_name": "front", "model_type": "fallback", "models": ["echo"]},
    ]
    with ModelRegistry(configs, wrappers=[Echo]) as hub:
        front = hub.get_model("front")
        counts = [front.count_tokens("how many are these?"), asyncio.run(front.acount_tokens("how many are these?"))]
        assert [(count > 4, count.estimated) for count in counts] == [(True, True)] * 2
