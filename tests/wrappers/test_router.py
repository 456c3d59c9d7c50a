"""A router asks a model of the first route that fits: whole, streamed, blocking, awaited, nested, for every task."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from modelhub.wrappers.router import RouterWrapper

from modelhub import ModelRegistry, errors
from modelhub.base import ModelWrapperBase, override
from modelhub.errors import ConfigError
from modelhub.testing import Replay

from .composites import BROKEN, LIMITED, ONCE, WRONG, answer, build, read_asked, read_bodies, stream, tell

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}


def route(*routes: Any, **options: Any) -> dict[str, Any]:
    return {"model_type": "router", "routes": list(routes), **options}


def say(*parts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


SPLIT = route(
    {"to": "vision", "when": {"input": ["image"]}},
    {"to": "long", "when": {"min_tokens": 1000}},
    {"to": "agent", "when": {"tools": True}},
    {"to": "local", "when": {"tags": ["sensitive", "legal"]}},
    {"to": "coder", "when": {"matches": r"(?i)\b(python|sql)\b"}},
    {"to": "short", "when": {"max_tokens": 6, "tools": False}},
    {"to": "rest"},
)
CALLS: dict[str, tuple[Any, dict[str, Any]]] = {
    "vision": (say("what is it?", PICTURE), {}),
    "long": ("word " * 1000, {}),
    "agent": ("what about it?", {"tools": TOOLS}),
    "local": ("what about it?", {"tags": ["legal"]}),
    "coder": ("how does Python do it?", {}),
    "short": ("hi", {"tools": []}),
    "rest": ("and what about the rest of it?", {"tags": ["other"]}),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_first_route_that_fits(name: str, caller: Any) -> None:
    configs = [{"config_name": n, "model_type": "openai_chat", "model_name": n, **ONCE} for n in CALLS]
    model = build(SPLIT, [answer(), stream("o", "k")], *configs, names="")
    given, options = CALLS[name]
    reply = caller.call(model, given, **options)
    assert (reply.text, reply.config_name, tell(reply.trail)) == ("ok", name, [(name, "answered")])
    deltas, reply = caller.deltas(model, given, **options)
    assert [delta.text for delta in deltas if delta.text] == ["o", "k"]
    assert reply.config_name == name
    assert read_asked(model) == [name, name]
    assert not any("tags" in body for body in read_bodies(model))


def test_no_route_fits(caller: Any) -> None:
    model = build(route({"to": "a", "when": {"tools": True}}), [])
    with pytest.raises(errors.BadRequestError, match=r"front \(router\): no route fits") as caught:
        caller.call(model, "hi")
    assert caught.value.trail == ()
    assert model.drivers.requests == []


def test_turns(caller: Any) -> None:
    model = build(route({"to": ["a", "b", "c"]}), [answer()] * 6)
    assert [caller.call(model, "hi").config_name for _ in range(6)] == ["a", "b", "c", "a", "b", "c"]


def test_turns_by_weight() -> None:
    model = build(route({"to": {"a": 3, "b": 1, "c": 0}, "pick": "round_robin"}), [answer()] * 8)
    assert [model("hi").config_name for _ in range(8)] == ["a", "a", "b", "a"] * 2


def test_draws_are_repeatable_and_as_often_as_the_weights_say() -> None:
    def draw(seed: int) -> list[str]:
        model = build(route({"to": {"a": 9, "b": 1, "c": 0}}, seed=seed), [answer()] * 300)
        return [model("hi").config_name for _ in range(300)]

    drawn = draw(7)
    assert drawn == draw(7) != draw(8)
    count = Counter(drawn)
    assert set(count) == {"a", "b"}
    assert 15 <= count["b"] <= 50


def test_sticky(caller: Any) -> None:
    """The option is sent to models that know it, and left out for others."""
    local = {"config_name": "local", "model_type": "ollama_chat", "model_name": "m", "retry": ONCE["retry"]}
    front = route({"to": ["a", "local"], "sticky": "user"}, seed=3)
    ollama = {"status": 200, "headers": {}, "body": json.dumps({"message": {"content": "ok"}, "done": True})}
    found = {}
    for user in ("ann", "bob", "cy", "dee"):
        for reply in (answer(), ollama):
            model = build(front, [reply] * 3, local)
            try:
                found[user] = {caller.call(model, "hi", user=user).config_name for _ in range(3)}
            except errors.ModelCallError:
                continue
            assert len(found[user]) == 1
            sent = read_bodies(model)
            assert [body.get("user") for body in sent] == ([user] * 3 if found[user] == {"a"} else [None] * 3)
    assert found.keys() == {"ann", "bob", "cy", "dee"}
    assert set().union(*found.values()) == {"a", "local"}


def test_without_its_option_a_sticky_route_picks() -> None:
    model = build(route({"to": ["a", "b"], "sticky": "user"}), [answer()] * 4)
    assert [model("hi", user=None).config_name for _ in range(4)] == ["a", "b", "a", "b"]


def test_an_error_is_raised(caller: Any) -> None:
    model = build(route({"to": ["a", "b"]}), [LIMITED])
    with pytest.raises(errors.RateLimitError) as caught:
        caller.call(model, "hi")
    assert tell(caught.value.trail) == [("a", "failed")]
    assert caught.value.config_name == "a"


def test_otherwise_the_next_of_the_route_is_asked(caller: Any) -> None:
    model = build(route({"to": ["a", "b", "c"]}, otherwise="next"), [BROKEN, answer(), LIMITED, BROKEN, stream("ok")])
    reply = caller.call(model, "hi")
    assert tell(reply.trail) == [("a", "failed"), ("b", "answered")]
    reply = caller.deltas(model, "hi")[1]
    assert tell(reply.trail) == [("b", "failed"), ("a", "failed"), ("c", "answered")]  # the rest in its order


def test_otherwise_obeys_the_list_of_errors(caller: Any) -> None:
    model = build(route({"to": ["a", "b"]}, otherwise="next"), [WRONG])
    with pytest.raises(errors.BadRequestError):
        caller.call(model, "hi")
    front = route({"to": ["a", "b"]}, otherwise="next", on_error=["BadRequestError", "RateLimitError"])
    model = build(front, [WRONG, LIMITED])
    with pytest.raises(errors.RateLimitError, match=r"none of 2 models answered: a .*; b ") as caught:
        caller.call(model, "hi")
    assert tell(caught.value.trail) == [("a", "failed"), ("b", "failed")]
    assert caught.value.config_name == "front"


def refuse(model: Any, *names: str) -> None:
    """Have the breakers of these models open, and those of no other."""
    for name in "abc":
        target = model.find(name)
        target.is_refusing = lambda now=None, refuses=name in names: refuses


def test_who_refuses_is_passed_over(caller: Any) -> None:
    model = build(route({"to": ["a", "b", "c"]}), [answer()] * 3 + [stream("ok")])
    refuse(model, "b")
    replies = [caller.call(model, "hi") for _ in range(3)]
    assert [reply.config_name for reply in replies] == ["a", "c", "a"]
    assert tell(replies[0].trail) == [("b", "skipped"), ("a", "answered")]
    assert tell(caller.deltas(model, "hi")[1].trail) == [("b", "skipped"), ("c", "answered")]


def test_when_all_refuse_they_are_asked() -> None:
    model = build(route({"to": ["a", "b"]}), [answer()])
    refuse(model, "a", "b", "c")
    assert tell(model("hi").trail) == [("a", "answered")]
    assert model.is_refusing()
    refuse(model, "a")
    assert not model.is_refusing()


def test_sticky_values_of_others_stay_when_one_refuses() -> None:
    front = route({"to": ["a", "b", "c"], "sticky": "user"})
    model = build(front, [answer()] * 200)
    before = {user: model("hi", user=user).config_name for user in map(str, range(50))}
    refuse(model, "b")
    after = {user: model("hi", user=user).config_name for user in before}
    assert {user for user in before if before[user] != after[user]} == {u for u in before if before[u] == "b"}


def test_the_quickest_of_the_last_minute(caller: Any) -> None:
    model = build(route({"to": ["a", "b"], "pick": "least_latency"}), [answer()] * 9)
    clock = model.drivers.virtual

    def ask(seconds: float) -> str:
        target = {name: model.find(name) for name in "ab"}
        for one in target.values():
            one.drivers = model.drivers
        fetch = model.drivers.fetch
        model.drivers.fetch = lambda request: (clock.sleep(seconds), fetch(request))[1]
        try:
            return str(caller.call(model, "hi").config_name)
        finally:
            model.drivers.fetch = fetch

    assert [ask(3.0), ask(1.0)] == ["a", "b"]  # what is unknown comes first
    assert [ask(1.0), ask(9.0)] == ["b", "b"]
    assert ask(1.0) == "a"
    clock.sleep(61.0)
    assert [ask(1.0), ask(1.0)] == ["a", "b"]  # all is forgotten


def test_a_failure_counts_as_its_timeout() -> None:
    slow = {"config_name": "slow", "model_type": "openai_chat", "timeout": 50, **ONCE}
    model = build(route({"to": ["slow", "b"], "pick": "least_latency"}), [BROKEN, answer(), answer(), answer()], slow)
    with pytest.raises(errors.ServerError):
        model("hi")
    assert [model("hi").config_name for _ in range(3)] == ["b", "b", "b"]
    load = model.routes[0].picker.loads["slow"]
    assert load.latencies.average(model.clock()) == 50.0


def test_a_wrong_request_says_nothing_of_the_model() -> None:
    model = build(route({"to": ["a", "b"], "pick": "least_latency"}), [WRONG, answer()])
    with pytest.raises(errors.BadRequestError):
        model("hi")
    assert model("hi").config_name == "a"


def test_the_least_busy() -> None:
    model = build(
        route({"to": ["a", "b"], "pick": "least_busy"}), [stream("o", "k"), stream("o", "k"), answer(), answer()]
    )
    first, second = model("hi", stream=True), model("hi", stream=True)
    assert read_asked(model) == ["a", "b"]
    list(second)
    assert [model("hi").config_name for _ in range(2)] == ["b", "b"]  # a still streams
    first.close()
    assert not any(load.calls for load in model.routes[0].picker.loads.values())


class Slow(ModelWrapperBase):
    """A model in plain Python that answers when all calls are there."""

    model_type = "router_slow"
    all_there = Barrier(12)

    @override
    def __call__(self, text: str) -> str:
        self.all_there.wait(20)
        return text


def test_threads_share_what_is_busy() -> None:
    configs = [{"config_name": name, "model_type": "router_slow"} for name in "abc"]
    front = {"config_name": "front", **route({"to": {"a": 1, "b": 2, "c": 3}, "pick": "least_busy"})}
    model = ModelRegistry([*configs, front], wrappers=[Slow]).get_model("front")
    with ThreadPoolExecutor(12) as pool:
        names = list(pool.map(lambda _: model("hi").config_name, range(12)))
    assert Counter(names) == {"a": 2, "b": 4, "c": 6}


def test_threads_take_turns() -> None:
    model = build(route({"to": ["a", "b", "c", "d"]}), [answer()] * 400, names="abcd")
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: model("hi").config_name, range(400)))
    assert Counter(names) == dict.fromkeys("abcd", 100)
    assert not any(load.calls for load in model.routes[0].picker.loads.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Python 3.12 and later, about threads
def test_a_forked_process_does_not_wait_for_the_calls_of_its_parent() -> None:
    model = build(route({"to": ["a", "b"], "pick": "least_busy"}), [stream("o", "k"), answer(), answer()])
    held = model("hi", stream=True)
    assert read_asked(model) == ["a"]
    child = os.fork()
    if not child:
        busy = sum(len(load.calls) for load in model.routes[0].picker.loads.values())
        names = {model("hi").config_name, model("hi").config_name}
        os._exit(0 if (busy, names) == (0, {"a", "b"}) else 1)
    assert os.waitpid(child, 0)[1] == 0
    held.close()


def test_tools_and_formats_go_on_to_the_model(caller: Any) -> None:
    model = build(route({"to": "a"}), [answer('{"n": 1}')])
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert caller.call(model, "hi", tools=TOOLS, response_format=schema, temperature=0).parsed == {"n": 1}
    body = read_bodies(model)[0]
    assert body["temperature"] == 0
    assert body["tools"][0]["function"]["name"] == "f"
    assert body["response_format"]["type"] == "json_schema"


def test_parse_func_is_kept(caller: Any) -> None:
    model = build(route({"to": "a"}), [answer()])
    assert caller.call(model, "hi", parse_func=lambda reply: reply.text.upper()) == "OK"


def test_routers_within_routers_keep_tags_and_what_is_sticky(caller: Any) -> None:
    inner = {
        "config_name": "inner",
        **route({"to": "a", "when": {"tags": ["x"]}}, {"to": ["b", "c"], "sticky": "team"}),
    }
    outer = route({"to": "inner", "when": {"tags": ["x", "y"]}})
    model = build(outer, [answer()] * 4, inner)
    assert caller.call(model, "hi", tags=["x"]).config_name == "a"
    names = {caller.call(model, "hi", tags=["y"], team="red").config_name for _ in range(3)}
    assert len(names) == 1
    assert not any("team" in body or "tags" in body for body in read_bodies(model))


def test_a_fallback_does_not_send_tags(caller: Any) -> None:
    model = build({"model_type": "fallback", "models": ["a"]}, [answer()])
    assert caller.call(model, "hi", tags=["x"]).text == "ok"


def test_messages_may_come_one_by_one(caller: Any) -> None:
    """They are looked at, and then sent."""
    front = route({"to": ["a", "b"], "when": {"matches": "hello"}}, otherwise="next")
    model = build(front, [LIMITED, answer()])
    reply = caller.call(model, iter([{"role": "user", "content": "hello"}]))
    assert reply.config_name == "b"
    assert [body["messages"] for body in read_bodies(model)] == [[{"role": "user", "content": "hello"}]] * 2


def test_embeddings_too(caller: Any) -> None:
    configs = [{"config_name": name, "model_type": "openai_embedding", **ONCE} for name in ("small", "big")]
    front = route({"to": "big", "when": {"min_tokens": 100}}, {"to": "small"})
    model = ModelRegistry([*configs, {"config_name": "front", **front}]).get_model("front")
    body = json.dumps({"data": [{"index": n, "embedding": [1.0]} for n in range(2)]})
    model.drivers = Replay([{"status": 200, "headers": {}, "body": body}] * 2)
    assert caller.call(model, ["x", "y"]).config_name == "small"
    assert caller.call(model, ["x", "word " * 200]).config_name == "big"


def test_images_too(caller: Any) -> None:
    configs = [{"config_name": name, "model_type": "openai_dall_e", **ONCE} for name in ("cats", "dogs")]
    front = route({"to": "cats", "when": {"matches": "cat"}}, {"to": "dogs"})
    model = ModelRegistry([*configs, {"config_name": "front", **front}]).get_model("front")
    model.drivers = Replay([{"status": 200, "headers": {}, "body": '{"data": [{"url": "http://i/1.png"}]}'}] * 2)
    assert caller.call(model, "a cat").config_name == "cats"
    assert caller.call(model, "a dog").image_urls == ["http://i/1.png"]
    assert model.task == "image"


class Local(ModelWrapperBase):
    """A model in plain Python."""

    model_type = "router_local"

    @override
    def __call__(self, text: str, user: str = "nobody") -> str:
        return f"{user}: {text}"


class Plain(ModelWrapperBase):
    """A model in plain Python that takes nothing but a text."""

    model_type = "router_plain"

    @override
    def __call__(self, text: str) -> str:
        return text.upper()


def test_plain_python_as_a_target(caller: Any) -> None:
    """It gets the option that the route is sticky by if it names it."""
    configs = [{"config_name": name, "model_type": f"router_{name}"} for name in ("local", "plain")]
    front = {
        "config_name": "front",
        **route({"to": "local", "when": {"matches": "me"}, "sticky": "user"}, {"to": "plain"}),
    }
    model = ModelRegistry([*configs, front], wrappers=[Local, Plain]).get_model("front")
    assert caller.call(model, "me", user="ann", tags=["x"]).text == "ann: me"
    assert caller.call(model, "hi", user="ann", tags=["x"]).text == "HI"
    assert caller.call(model, "hi", parse_func=lambda reply: reply.text * 2) == "HIHI"
    assert caller.call(model, "hi", stream=True).text == "HI"


def test_messages_are_laid_out_as_the_config_says() -> None:
    from modelhub import Msg

    msg = Msg("Ann", "hi", "user")
    claude = {"config_name": "claude", "model_type": "anthropic_chat", **ONCE}
    model = build(route({"to": ["a", "claude"]}), [], claude)
    assert model.format(msg) == model.find("a").format(msg)
    model = build(route({"to": ["a", "claude"]}, formatter="anthropic"), [], claude)
    assert model.format(msg, multi_agent_mode=False) == model.find("claude").format(msg, multi_agent_mode=False)
    assert model.format(msg) == model.find("claude").format(msg)
    with pytest.raises(ConfigError, match="nowhere"):
        build(route({"to": "a"}, formatter="nowhere"), [])


BY_HAND: dict[str, tuple[dict[str, Any], str]] = {
    "no routes": ({}, "without routes"),
    "no models": ({"routes": [{"to": []}]}, r"routes\[0\] leads nowhere"),
    "no weight": ({"routes": [{"to": {"a": 0}}]}, "leads nowhere"),
    "a weight below 0": ({"routes": [{"to": {"a": 2, "b": -1}}]}, "none below 0"),
    "an unknown pick": ({"routes": [{"to": "a", "pick": "best"}]}, "no pick 'best'; there are round_robin"),
    "an unknown condition": ({"routes": [{"to": "a", "when": {"moon": 1}}]}, "when has no key 'moon'"),
    "no regular expression": ({"routes": [{"to": "a", "when": {"matches": "("}}]}, r"routes\[0\].when.matches: '\('"),
    "an unknown end": ({"routes": [{"to": "a"}], "otherwise": "retry"}, "'fail' or 'next', not 'retry'"),
    "an unknown error": ({"routes": [{"to": "a"}], "on_error": ["Problem"]}, "'Problem'"),
}


@pytest.mark.parametrize("wrong", BY_HAND)
def test_one_that_is_built_by_hand_is_checked(wrong: str) -> None:
    options, words = BY_HAND[wrong]
    with pytest.raises(ConfigError, match=words):
        RouterWrapper("front", **options)


WRONG_CONFIGS: dict[str, tuple[list[Any], str, str]] = {
    "a target that is not there": ([{"to": "gtp"}], "MH303", "there is no config called 'gtp'.*gpt"),
    "a key that is not there": ([{"to": {"gpt": 9, "gtp": 1}}], "MH303", "there is no config called 'gtp'.*gpt"),
    "itself": ([{"to": ["gpt", "front"]}], "MH304", "circle"),
    "a medium": ([{"to": "gpt", "when": {"input": ["smell"]}}], "MH2", "image"),
    "a condition": ([{"to": "gpt", "when": {"tool": True}}], "MH103", "tools"),
    "no condition": ([{"to": "gpt", "when": {}}], "MH201", "must not be empty"),
    "a pick": ([{"to": "gpt", "pick": "least_latent"}], "MH2", "least_latency"),
    "a weight": ([{"to": {"gpt": -1}}], "MH201", "at least 0"),
    "no routes": ([], "MH2", "routes"),
    "no target": ([{"when": {"tools": True}}], "MH1", "to"),
}


@pytest.mark.parametrize("wrong", WRONG_CONFIGS)
def test_configs_that_are_wrong(wrong: str) -> None:
    routes, code, words = WRONG_CONFIGS[wrong]
    gpt = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "k"}
    with pytest.raises(ConfigError, match=words) as caught:
        ModelRegistry([gpt, {"config_name": "front", **route(*routes)}])
    assert caught.value.problems[0].code.startswith(code)


def test_what_a_call_may_reach() -> None:
    configs = [{"config_name": name, "model_type": "openai_chat", "api_key": "k"} for name in "abcd"]
    inner = {"config_name": "inner", **route({"to": {"c": 1, "d": 0}})}
    hub = ModelRegistry(
        [
            *configs,
            inner,
            {"config_name": "front", **route({"to": ["a", "b"], "when": {"tools": True}}, {"to": "inner"})},
        ]
    )
    assert hub.reach("front") == ["front", "a", "b", "inner", "c", "d"]


class Endless(ModelWrapperBase):
    """A model in plain Python that never answers."""

    model_type = "router_endless"

    @override
    async def acall(self, text: str) -> str:
        await asyncio.Event().wait()
        return text


def test_calls_that_are_cancelled_or_left_are_over() -> None:
    endless = {"config_name": "endless", "model_type": "router_endless"}
    front = route({"to": "endless", "when": {"tools": False, "matches": "wait"}, "pick": "least_busy"}, {"to": "a"})
    model = build(front, [stream("o", "k")] * 2, endless, wrappers=[Endless])

    def count() -> list[int]:
        return [len(load.calls) for one in model.routes for load in one.picker.loads.values()]

    async def run() -> list[list[int]]:
        task = asyncio.create_task(model.acall("wait"))
        while not any(count()):
            await asyncio.sleep(0)
        seen = [count()]
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        seen.append(count())
        left = await model.acall("hi", stream=True)
        seen.append(count())
        async for _ in left:
            break
        left.close()
        await asyncio.sleep(0)
        seen.append(count())
        dropped = await model.acall("hi", stream=True)
        seen.append(count())
        del dropped
        gc.collect()
        await asyncio.sleep(0)
        return [*seen, count()]

    assert asyncio.run(run()) == [[1, 0], [0, 0], [0, 1], [0, 0], [0, 1], [0, 0]]
