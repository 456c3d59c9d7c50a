"""A cascade asks the next model when an answer will not do: whole, streamed, blocking, awaited, nested."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from modelhub.wrappers.cascade import CascadeWrapper

from modelhub import ModelRegistry, errors, events
from modelhub.base import ModelWrapperBase, override
from modelhub.errors import ConfigError
from modelhub.response import ModelResponse, Usage
from modelhub.testing import Replay

from .composites import BROKEN, LIMITED, ONCE, WRONG, answer, build, read_asked, read_bodies, stream, tell

SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "pattern": "^P"}}, "required": ["city"]}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"city": "Paris"}'}}


def cascade(*accepts: Any, **options: Any) -> dict[str, Any]:
    """A cascade over the chats a, b, ...: all but the last are accepted by these conditions."""
    steps = [
        {"model": name} | ({"accept": accept} if accept else {})
        for name, accept in zip("abc", [*accepts, None], strict=False)
    ]
    return {"model_type": "cascade", "steps": steps, **options}


ACCEPTED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "regex": ({"regex": r"^(yes|no)\b"}, answer("yes, it is"), answer("well, yes")),
    "json_schema": ({"json_schema": SCHEMA}, answer('```json\n{"city": "Paris"}\n```'), answer('{"city": "London"}')),
    "json_schema, no JSON": ({"json_schema": SCHEMA}, answer('{"city": "Pau"}'), answer("Paris")),
    "json_schema, a call": ({"json_schema": True}, answer("null"), answer("", tool_calls=[CALL])),
    "jmespath": ({"jmespath": "finish_reason == 'stop' && contains(text, 'ok')"}, answer("ok"), answer("no")),
    "jmespath of calls": ({"jmespath": "tool_calls[0].arguments.city"}, answer("", tool_calls=[CALL]), answer("no")),
    "jmespath of usage": ({"jmespath": "usage.completion_tokens > `1`"}, answer("", (1, 2)), answer("", (1, 1))),
    "jmespath that fails": ({"jmespath": "length(reasoning) > `0`"}, answer("x", reasoning_content="h"), answer("x")),
    "max_tokens": ({"max_tokens": 4}, answer("x", (9, 4)), answer("x", (1, 5))),
    "all": ({"regex": "x", "max_tokens": 4}, answer("x", (9, 4)), answer("x", (1, 5))),
    "all of them": ({"regex": "x", "jmespath": "text"}, answer("x"), answer("y")),
    "none": ({}, answer("whatever"), LIMITED),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_the_next_is_asked_if_the_answer_will_not_do(case: str, caller: Any) -> None:
    accept, good, bad = ACCEPTED[case]
    model = build(cascade(accept), [good, bad, answer("last"), good, bad, stream("la", "st")])
    reply = caller.call(model, "hi")
    assert (reply.config_name, tell(reply.trail)) == ("a", [("a", "answered")])
    outcome = "failed" if bad is LIMITED else "unaccepted"
    trail = [("a", outcome), ("b", "answered")]
    reply = caller.call(model, "hi")
    assert (reply.text, reply.config_name, tell(reply.trail)) == ("last", "b", trail)
    deltas, reply = caller.deltas(model, "hi")
    text = json.loads(good["body"])["choices"][0]["message"]["content"]
    assert "".join(delta.text or "" for delta in deltas) == text
    assert ((reply.text or ""), reply.config_name, tell(reply.trail)) == (text, "a", [("a", "answered")])
    deltas, reply = caller.deltas(model, "hi")
    assert [delta.text for delta in deltas if delta.text] == ["la", "st"]
    assert (reply.config_name, tell(reply.trail)) == ("b", trail)
    assert read_asked(model) == ["a", "a", "b", "a", "a", "b"]
    assert [body.get("stream", False) for body in read_bodies(model)] == [False] * 5 + [True]


def test_usage_adds_up(caller: Any) -> None:
    front = cascade({"regex": "yes"}, {"regex": "yes"})
    no = answer("no", (10, 20))
    model = build(front, [no, no, answer("z"), no, answer("yes"), no, no, stream("z"), no, answer("yes")])
    assert caller.call(model, "hi").usage == Usage(21, 42, 63)
    assert caller.call(model, "hi").usage == Usage(11, 22, 33)
    deltas, reply = caller.deltas(model, "hi")
    assert deltas[-1].usage == reply.usage == Usage(21, 42, 63)
    deltas, reply = caller.deltas(model, "hi")
    assert deltas[-1].usage == reply.usage == Usage(11, 22, 33)


def test_an_accepted_answer_is_streamed_as_it_is(caller: Any) -> None:
    model = build(cascade({"jmespath": "tool_calls"}), [answer("I look.", tool_calls=[CALL])])
    deltas, reply = caller.deltas(model, "hi")
    assert [bool(delta.text) for delta in deltas] == [True, False, False]
    assert deltas[1].tool_calls[0].name == "f"
    assert reply.tool_calls[0].arguments == {"city": "Paris"}
    assert reply.finish_reason == "tool_calls"
    assert reply.trail[-1].status == 200


def test_an_answer_without_a_count_is_not_accepted() -> None:
    uncounted = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}]}
    model = build(cascade({"max_tokens": 9}), [{"status": 200, "body": json.dumps(uncounted)}, answer("last")])
    assert model("hi").text == "last"


@pytest.mark.parametrize("failure", [LIMITED, BROKEN, {"end": "reset_before"}, {"status": 200, "body": "<"}])
def test_a_step_that_fails_counts_as_not_accepted(failure: Any, caller: Any) -> None:
    model = build(cascade({"regex": "x"}), [failure, answer("last")])
    reply = caller.call(model, "hi")
    assert tell(reply.trail) == [("a", "failed"), ("b", "answered")]


def test_other_errors_are_raised_at_once(caller: Any) -> None:
    model = build(cascade({"regex": "x"}, {"regex": "x"}), [answer("no"), WRONG])
    with pytest.raises(errors.BadRequestError) as caught:
        caller.call(model, "hi")
    assert tell(caught.value.trail) == [("a", "unaccepted"), ("b", "failed")]


def test_when_the_last_fails(caller: Any) -> None:
    model = build(cascade({"regex": "x"}), [answer("no"), LIMITED, answer("no"), {**stream("o", "k"), "end": "abrupt"}])
    with pytest.raises(errors.RateLimitError) as caught:
        caller.call(model, "hi")
    assert tell(caught.value.trail) == [("a", "unaccepted"), ("b", "failed")]
    assert caught.value.trail[-1].error is caught.value
    cut = stream("o", "k")
    model = build(
        cascade({"regex": "x"}), [answer("no", (10, 20)), {**cut, "chunks": cut["chunks"][:1], "end": "abrupt"}]
    )
    with pytest.raises(errors.StreamInterruptedError) as interrupted:
        caller.deltas(model, "hi")
    assert interrupted.value.partial.text == "o"
    assert interrupted.value.partial.usage == Usage(10, 20, 30)


def test_the_last_is_not_judged() -> None:
    front = {"model_type": "cascade", "steps": [{"model": "a", "accept": {"regex": "yes"}}]}
    model = build(front, [answer("no"), stream("n", "o")])
    assert model("hi").text == "no"
    assert [delta.text for delta in model("hi", stream=True) if delta.text] == ["n", "o"]


def test_tools_and_formats_go_on_to_all(caller: Any) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    model = build(cascade({"jmespath": "parsed.n > `1`"}), [answer('{"n": 1}'), answer('{"n": 0}')])
    assert caller.call(model, "hi", response_format=schema, temperature=0).parsed == {"n": 0}
    assert [body["response_format"]["type"] for body in read_bodies(model)] == ["json_schema"] * 2
    assert [body["temperature"] for body in read_bodies(model)] == [0, 0]


def test_options_may_come_by_place(caller: Any) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    model = build(cascade({"regex": "yes"}), [answer("no"), answer("ok")])
    assert caller.call(model, "hi", False, tools).text == "ok"
    assert all(body["tools"] for body in read_bodies(model))
    model = build(cascade({"regex": "yes"}, stream=True), [answer("no"), answer("ok")])
    assert caller.call(model, "hi", False).stream is None
    assert not any(body.get("stream") for body in read_bodies(model))
    model = build({"model_type": "fallback", "models": ["a"], "stream": True}, [answer(), stream("ok"), stream("ok")])
    model("hi", False)
    assert [delta.text for given in ({"stream": None}, {}) for delta in model("hi", **given) if delta.text] == [
        "ok",
        "ok",
    ]
    assert [body.get("stream", False) for body in read_bodies(model)] == [False, True, True]


def test_parse_func_is_kept(caller: Any) -> None:
    model = build(cascade({"regex": "yes"}), [answer("no"), answer("ok")])
    assert caller.call(model, "hi", stream=True, parse_func=lambda reply: reply.text.upper()) == "OK"


def test_cascades_nest(caller: Any) -> None:
    inner = {"config_name": "inner", **cascade({"regex": "yes"})}
    outer = {
        "model_type": "cascade",
        "steps": [
            {"model": "inner", "accept": {"regex": "yes"}},
            {"model": "safe", "accept": {"regex": "yes"}},
            {"model": "c"},
        ],
    }
    safe = {"config_name": "safe", "model_type": "fallback", "models": ["b", "a"]}
    no = answer("no")
    model = build(outer, [no, no, LIMITED, no, stream("ok")], inner, safe)
    trail = [("a", "unaccepted"), ("b", "unaccepted"), ("b", "failed"), ("a", "unaccepted"), ("c", "answered")]
    reply = caller.deltas(model, "hi")[1]
    assert tell(reply.trail) == trail
    assert reply.usage == Usage(4, 8, 12)


class Pieces(ModelWrapperBase):
    """A model in plain Python that always streams."""

    model_type = "cascade_pieces"

    @override
    def __call__(self, text: str) -> Any:
        yield "ye"
        yield "yes"


class Same(ModelWrapperBase):
    """A model in plain Python that gives the same object each time."""

    model_type = "cascade_same"
    made = ModelResponse("no", usage=Usage(1, 1))

    @override
    def __call__(self, text: str) -> Any:
        return self.made


def test_plain_python_as_a_target(caller: Any) -> None:
    steps = [
        {"model": "same", "accept": {"regex": "yes"}},
        {"model": "pieces", "accept": {"regex": "yes"}},
        {"model": "same"},
    ]
    configs = [{"config_name": name, "model_type": f"cascade_{name}"} for name in ("same", "pieces")]
    front = {"config_name": "front", "model_type": "cascade", "steps": steps}
    model = ModelRegistry([*configs, front], wrappers=[Same, Pieces]).get_model("front")
    for _ in range(2):
        reply = caller.call(model, "hi")
        assert (reply.text, reply.config_name, reply.usage) == ("yes", "pieces", Usage(1, 1))
    last = {"config_name": "last", "model_type": "cascade", "steps": [steps[0], {"model": "same"}]}
    model = ModelRegistry([*configs, last], wrappers=[Same, Pieces]).get_model("last")
    for _ in range(2):
        assert caller.call(model, "hi").usage == Usage(2, 2)
    assert Same.made.usage == Usage(1, 1)


class Asking(ModelWrapperBase):
    """A model in plain Python that asks a cascade."""

    model_type = "cascade_asking"

    @override
    def __call__(self, text: str) -> Any:
        return self.home.find_model("front")(text).text  # type: ignore[misc]


def test_what_was_tried_is_told_to_the_code_that_asked() -> None:
    front = build(
        cascade({"regex": "yes"}), [], {"config_name": "code", "model_type": "cascade_asking"}, wrappers=[Asking]
    )
    front.find("code").drivers = front.find("a").drivers = front.find("b").drivers = Replay(
        [answer("no"), answer("ok")]
    )
    front.drivers = front.find("a").drivers
    reply = front.find("code")("hi")
    assert tell(reply.trail) == [("a", "unaccepted"), ("b", "answered")]


def test_images_too(caller: Any) -> None:
    configs = [{"config_name": name, "model_type": "openai_dall_e", **ONCE} for name in "ab"]
    model = ModelRegistry([*configs, {"config_name": "front", **cascade({"jmespath": "text"})}]).get_model("front")
    model.drivers = Replay([{"status": 200, "headers": {}, "body": '{"data": [{"url": "http://i/1.png"}]}'}] * 2)
    reply = caller.call(model, "a cat")
    assert (reply.image_urls, reply.config_name) == (["http://i/1.png"], "b")


def test_embeddings_too(caller: Any) -> None:
    configs = [{"config_name": name, "model_type": "openai_embedding", **ONCE} for name in "ab"]
    model = ModelRegistry([*configs, {"config_name": "front", **cascade({"jmespath": "usage"})}]).get_model("front")
    body = {"data": [{"index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    model.drivers = Replay([LIMITED, {"status": 200, "headers": {}, "body": json.dumps(body)}])
    assert caller.call(model, ["x"]).embedding == [[1.0]]


def test_observers_see_whose_part_a_call_is(caller: Any) -> None:
    model = build(cascade({"regex": "yes"}), [answer("no"), answer("ok"), answer("yes")])
    seen: list[Any] = []
    model.home.observers.append(seen.append)
    caller.call(model, "hi")
    started = {event.config_name: event for event in seen if isinstance(event, events.CallStarted)}
    assert {started[name].parent_id for name in "ab"} == {started["front"].call_id}
    seen.clear()
    caller.deltas(model, "hi")
    front = [type(event).__name__ for event in seen if event.config_name == "front"]
    assert front == ["CallStarted", "FirstToken", "StreamEnded", "CallEnded"]


HOSTILE = answer("a" * 50_000 + "b")


def test_a_search_without_end_is_stopped_and_does_not_hold_up_an_event_loop(caplog: Any) -> None:
    model = build(cascade({"regex": r"^(a|aa)+$", "jmespath": "text"}), [HOSTILE, answer("last")])
    pauses: list[float] = []

    async def run() -> Any:
        async def look() -> None:
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                pauses.append(time.perf_counter() - before)

        looking = asyncio.create_task(look())
        reply = await model.acall("hi")
        looking.cancel()
        return reply

    began = time.perf_counter()
    reply = asyncio.run(run())
    assert (reply.text, tell(reply.trail)) == ("last", [("a", "unaccepted"), ("b", "answered")])
    assert time.perf_counter() - began < 60
    assert len(pauses) > 20
    assert sorted(pauses)[len(pauses) // 2] < 0.05  # the machine may pause all of us now and then
    assert "'front', steps[0].regex: the search for '^(a|aa)+$' in 50001 characters took more than 1 s" in caplog.text


def test_a_pattern_of_a_schema_is_bounded_too() -> None:
    schema = {"items": {"pattern": "^(a|aa)+$"}}
    text = json.dumps(["a" * 5000 + "b"] * 20)
    model = build(cascade({"json_schema": schema}), [answer(text), answer("last")])
    began = time.perf_counter()
    assert model("hi").text == "last"
    assert time.perf_counter() - began < 60


def test_a_schema_is_not_fetched(caplog: Any) -> None:
    schema = {"$ref": "http://127.0.0.1:1/schema.json"}
    model = build(cascade({"json_schema": schema}), [answer("{}"), answer("last")])
    assert model("hi").text == "last"
    assert "steps[0].json_schema cannot be checked" in caplog.text
    assert "127.0.0.1:1" in caplog.text


BY_HAND: dict[str, tuple[Any, str]] = {
    "no steps": ([], "without steps"),
    "an unknown condition": ([{"model": "a", "accept": {"moon": 1}}], "accept has no key 'moon'"),
    "no regular expression": ([{"model": "a", "accept": {"regex": "("}}], r"steps\[0\].regex: '\('"),
    "no JMESPath": ([{"model": "a", "accept": {"jmespath": "a ==="}}], r"steps\[0\].jmespath: 'a ==='"),
    "no schema": ([{"model": "a", "accept": {"json_schema": {"type": "thing"}}}], r"json_schema is no JSON Schema"),
}


@pytest.mark.parametrize("wrong", BY_HAND)
def test_one_that_is_built_by_hand_is_checked(wrong: str) -> None:
    steps, words = BY_HAND[wrong]
    with pytest.raises(ConfigError, match=words):
        CascadeWrapper("front", steps=steps)


WRONG_CONFIGS: dict[str, tuple[list[Any], str, str]] = {
    "a target that is not there": ([{"model": "gtp"}], "MH303", "there is no config called 'gtp'.*gpt"),
    "itself": ([{"model": "gpt"}, {"model": "front"}], "MH304", "circle"),
    "a condition": ([{"model": "gpt", "accept": {"regexp": "x"}}], "MH103", "regex"),
    "no condition": ([{"model": "gpt", "accept": {}}], "MH201", "must not be empty"),
    "no steps": ([], "MH2", "steps"),
}


@pytest.mark.parametrize("wrong", WRONG_CONFIGS)
def test_configs_that_are_wrong(wrong: str) -> None:
    steps, code, words = WRONG_CONFIGS[wrong]
    gpt = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "k"}
    with pytest.raises(ConfigError, match=words) as caught:
        ModelRegistry([gpt, {"config_name": "front", "model_type": "cascade", "steps": steps}])
    assert caught.value.problems[0].code.startswith(code)
