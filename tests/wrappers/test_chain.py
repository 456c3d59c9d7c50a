"""In a chain each model is asked what the one before has answered: whole, streamed, blocking, awaited, nested."""

from __future__ import annotations

from typing import Any

import pytest
from modelhub.wrappers.chain import ChainWrapper

from modelhub import ModelRegistry, Msg, errors, events
from modelhub.base import ModelWrapperBase, override
from modelhub.errors import ConfigError
from modelhub.response import Usage
from modelhub.testing import Replay

from .composites import BROKEN, WRONG, answer, build, read_asked, read_bodies, stream, tell

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def chain(*steps: Any, **options: Any) -> dict[str, Any]:
    """A chain over the chats a, b, ..., each with these keys."""
    named = [{"model": name, **step} for name, step in zip("abcd", steps, strict=False)]
    return {"model_type": "chain", "steps": named, **options}


LETTER = chain({"system": "List the facts."}, {"prompt": "Facts:\n{previous}\n\nAsked was: {input}"})


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def test_the_next_is_asked_what_was_answered(caller: Any) -> None:
    model = build(LETTER, [answer("1. It rains."), answer("Dear Ann"), answer("1. It rains."), stream("Dear ", "Ann")])
    reply = caller.call(model, "Tell Ann of {previous} rain.")
    trail = [("a", "answered"), ("b", "answered")]
    assert (reply.text, reply.config_name, tell(reply.trail)) == ("Dear Ann", "b", trail)
    deltas, reply = caller.deltas(model, "Tell Ann of {previous} rain.")
    assert [delta.text for delta in deltas if delta.text] == ["Dear ", "Ann"]
    assert (reply.text, reply.config_name, tell(reply.trail)) == ("Dear Ann", "b", trail)
    first, second = read_bodies(model)[2:]
    assert first["messages"] == [
        {"role": "system", "content": "List the facts."},
        user("Tell Ann of {previous} rain."),
    ]
    assert second["messages"] == [user("Facts:\n1. It rains.\n\nAsked was: Tell Ann of {previous} rain.")]
    assert [body.get("stream", False) for body in read_bodies(model)] == [False, False, False, True]


def test_what_steps_are_asked(caller: Any) -> None:
    front = chain(
        {}, {}, {"system": "Be {previous}.", "prompt": "{steps.0} {steps.1} {x} {{input}} {steps.2} {steps.00}"}
    )
    model = build(front, [answer("A {input}"), answer("B"), answer("C")])
    given = [{"role": "system", "content": "s"}, user("one"), {"role": "assistant", "content": "two"}, user("three")]
    assert caller.call(model, given).text == "C"
    messages = [body["messages"] for body in read_bodies(model)]
    assert messages[0] == given
    assert messages[1] == [user("A {input}")]
    system = {"role": "system", "content": "Be B."}
    assert messages[2] == [system, user("A {input} B {x} {three} {steps.2} {steps.00}")]


@pytest.mark.parametrize(
    "given",
    ["hi", user("hi"), [user("hi")], Msg("user", "hi", "user"), [Msg("user", "hi", "user")], (user("hi"),)],
    ids=["text", "message", "messages", "Msg", "Msgs", "tuple"],
)
def test_whatever_the_messages_are(given: Any, caller: Any) -> None:
    model = build(LETTER, [answer("1"), answer("2")])
    caller.call(model, given)
    first, second = read_bodies(model)
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert first["messages"][1]["content"] == "hi"
    assert second["messages"] == [user("Facts:\n1\n\nAsked was: hi")]


def test_options(caller: Any) -> None:
    """Tools and formats are for the last one, all other options for all."""
    model = build(LETTER, [answer("1"), answer('{"n": 1}')])
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    options = {"tools": TOOLS, "tool_choice": "auto", "response_format": schema, "temperature": 0, "tags": ["x"]}
    assert caller.call(model, "hi", **options).parsed == {"n": 1}
    first, second = read_bodies(model)
    assert first.keys() == {"model", "messages", "temperature"}
    assert second.keys() == {"model", "messages", "temperature", "tools", "tool_choice", "response_format"}


def test_usage_adds_up(caller: Any) -> None:
    model = build(LETTER, [answer("1", (10, 20)), answer("2"), answer("1", (10, 20)), stream("2")])
    assert caller.call(model, "hi").usage == Usage(11, 22, 33)
    deltas, reply = caller.deltas(model, "hi")
    assert deltas[-1].usage == reply.usage == Usage(11, 22, 33)


def test_errors_tell_of_all_steps(caller: Any) -> None:
    model = build(LETTER, [BROKEN, answer("1"), WRONG])
    with pytest.raises(errors.ServerError) as caught:
        caller.call(model, "hi")
    assert tell(caught.value.trail) == [("a", "failed")]
    with pytest.raises(errors.BadRequestError) as refused:
        caller.call(model, "hi")
    assert tell(refused.value.trail) == [("a", "answered"), ("b", "failed")]
    assert refused.value.trail[-1].error is refused.value


def test_a_stream_that_breaks_has_used_all(caller: Any) -> None:
    whole = stream("o", "k")
    model = build(LETTER, [answer("1", (10, 20)), {**whole, "chunks": whole["chunks"][:1], "end": "abrupt"}])
    with pytest.raises(errors.StreamInterruptedError) as caught:
        caller.deltas(model, "hi")
    assert (caught.value.partial.text, caught.value.partial.usage) == ("o", Usage(10, 20, 30))
    assert tell(caught.value.trail) == [("a", "answered"), ("b", "failed")]


def test_parse_func_is_kept(caller: Any, exact_pauses: None) -> None:
    model = build(LETTER, [answer("1"), answer("no"), answer("2"), answer("ok")])

    def parse(reply: Any) -> str:
        if reply.text == "no":
            raise errors.ResponseParsingError("again")
        return str(reply.text.upper())

    assert caller.call(model, "hi", parse_func=parse) == "OK"
    assert read_asked(model) == ["a", "b", "a", "b"]


def test_chains_nest(caller: Any) -> None:
    inner = {"config_name": "inner", **chain({"prompt": "1 {input}"}, {"prompt": "2 {previous}"})}
    router = {"config_name": "router", "model_type": "router", "routes": [{"to": "c", "when": {"tags": ["x"]}}]}
    outer = {"model_type": "chain", "steps": [{"model": "inner"}, {"model": "router", "prompt": "3 {previous}"}]}
    model = build(outer, [answer("A"), answer("B"), stream("C")], inner, router)
    reply = caller.deltas(model, "hi", tags=["x"])[1]
    assert [body["messages"] for body in read_bodies(model)] == [[user("1 hi")], [user("2 A")], [user("3 B")]]
    assert tell(reply.trail) == [("a", "answered"), ("b", "answered"), ("c", "answered")]
    assert (reply.text, reply.usage) == ("C", Usage(3, 6, 9))


class Shout(ModelWrapperBase):
    """A model in plain Python."""

    model_type = "chain_shout"

    @override
    def __call__(self, text: str) -> str:
        return text.upper() + "!"


class Other(ModelWrapperBase):
    """A model in plain Python that answers with an object of its own."""

    model_type = "chain_other"

    @override
    def __call__(self, text: str, stream: bool = False) -> Any:
        return {"text": text, "stream": stream}


def test_plain_python_as_a_target(caller: Any) -> None:
    configs = [{"config_name": name, "model_type": f"chain_{name}"} for name in ("shout", "other")]
    steps = [{"model": "shout"}, {"model": "other"}, {"model": "shout", "prompt": "so: {previous}"}]
    front = {"config_name": "front", "model_type": "chain", "steps": steps}
    model = ModelRegistry([*configs, front], wrappers=[Shout, Other]).get_model("front")
    reply = caller.call(model, "hi")
    assert reply.text == "SO: {'TEXT': 'HI!', 'STREAM': FALSE}!"
    assert tell(reply.trail) == [("shout", "answered"), ("other", "answered"), ("shout", "answered")]


def test_images_too(caller: Any) -> None:
    configs = [{"config_name": name, "model_type": "openai_dall_e", "api_key": "k"} for name in "ab"]
    front = chain({"system": "In oil."}, {"prompt": "Again, but larger: {input}"})
    model = ModelRegistry([*configs, {"config_name": "front", **front}]).get_model("front")
    model.drivers = Replay([{"status": 200, "headers": {}, "body": '{"data": [{"url": "http://i/1.png"}]}'}] * 2)
    assert caller.call(model, "a cat").image_urls == ["http://i/1.png"]
    assert [body["prompt"] for body in read_bodies(model)] == ["In oil.\n\na cat", "Again, but larger: a cat"]


def test_observers_see_whose_part_a_call_is(caller: Any) -> None:
    model = build(LETTER, [answer("1"), answer("2")])
    seen: list[Any] = []
    model.home.observers.append(seen.append)
    caller.call(model, "hi")
    started = {event.config_name: event for event in seen if isinstance(event, events.CallStarted)}
    assert {started[name].parent_id for name in "ab"} == {started["front"].call_id}
    ended = [event for event in seen if isinstance(event, events.CallEnded)]
    assert [(event.config_name, event.usage.total_tokens) for event in ended] == [("a", 3), ("b", 3), ("front", 6)]


def test_all_must_let_a_call_through() -> None:
    model = build(LETTER, [])
    assert not model.is_refusing()
    model.find("a").is_refusing = lambda now=None: True
    assert model.is_refusing()


def test_one_that_is_built_by_hand_is_checked() -> None:
    with pytest.raises(ConfigError, match="without steps"):
        ChainWrapper("front")


WRONG_CONFIGS: dict[str, tuple[list[Any], str, str]] = {
    "a target that is not there": ([{"model": "gtp"}], "MH303", "there is no config called 'gtp'.*gpt"),
    "itself": ([{"model": "gpt"}, {"model": "front"}], "MH304", "circle"),
    "a key": ([{"model": "gpt", "promt": "x"}], "MH103", "prompt"),
    "no steps": ([], "MH2", "steps"),
}


@pytest.mark.parametrize("wrong", WRONG_CONFIGS)
def test_configs_that_are_wrong(wrong: str) -> None:
    steps, code, words = WRONG_CONFIGS[wrong]
    gpt = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "k"}
    with pytest.raises(ConfigError, match=words) as caught:
        ModelRegistry([gpt, {"config_name": "front", "model_type": "chain", "steps": steps}])
    assert caught.value.problems[0].code.startswith(code)
