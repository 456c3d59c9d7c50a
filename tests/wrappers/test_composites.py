"""Composites within the layers around a call: breakers, bounds, caches and limits of theirs and of their models."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub import errors
from modelhub.response import Usage

from .composites import BROKEN, ONCE, answer, build, read_asked, stream, tell

BREAKER = {"failures": 1, "ratio": 0.1, "window": 30, "cooldown": 15}
FRONTS: dict[str, dict[str, Any]] = {
    "fallback": {"model_type": "fallback", "models": ["a", "b"]},
    "router": {"model_type": "router", "routes": [{"to": ["a", "b"]}], "otherwise": "next"},
    "cascade": {"model_type": "cascade", "steps": [{"model": "a", "accept": {"regex": "yes"}}, {"model": "b"}]},
    "chain": {"model_type": "chain", "steps": [{"model": "a"}, {"model": "b"}]},
}


def frail(name: str) -> dict[str, Any]:
    return {"config_name": name, "model_type": "openai_chat", "model_name": name, "circuit_breaker": BREAKER, **ONCE}


def test_an_open_breaker_is_passed_over_until_it_lets_through(caller: Any) -> None:
    front = {"model_type": "router", "routes": [{"to": ["a", "b"]}]}
    model = build(front, [BROKEN, *[answer()] * 5], frail("a"), frail("b"), names="")
    with pytest.raises(errors.ServerError):
        caller.call(model, "hi")
    for _ in range(3):
        assert tell(caller.call(model, "hi").trail) == [("a", "skipped"), ("b", "answered")]
    model.drivers.virtual.sleep(16)
    assert {caller.call(model, "hi").config_name for _ in range(2)} == {"a", "b"}


def test_when_all_breakers_are_open(caller: Any) -> None:
    model = build(FRONTS["router"], [BROKEN, BROKEN], frail("a"), frail("b"), names="")
    with pytest.raises(errors.ServerError):
        caller.call(model, "hi")
    assert model.is_refusing()
    with pytest.raises(errors.CircuitOpenError) as caught:
        caller.call(model, "hi")
    assert sorted(tell(caught.value.trail)) == [("a", "rejected"), ("b", "rejected")]
    assert len(model.drivers.requests) == 2


def test_a_cascade_asks_on_when_a_breaker_is_open() -> None:
    model = build(FRONTS["cascade"], [BROKEN, answer("1"), answer("2")], frail("a"), frail("b"), names="")
    assert tell(model("hi").trail) == [("a", "failed"), ("b", "answered")]
    assert tell(model("hi").trail) == [("a", "rejected"), ("b", "answered")]


@pytest.mark.parametrize("kind", FRONTS)
def test_a_total_bounds_all_models_together(kind: str, caller: Any) -> None:
    first = BROKEN if kind in ("fallback", "router") else answer("no")
    model = build({**FRONTS[kind], "timeout": {"total": 5, "idle": 3}}, [first, answer("no")])
    began = model.clock()
    caller.call(model, "hi")
    assert read_asked(model) == ["a", "b"]
    assert {request.deadline.at - began for request in model.drivers.requests} == {5.0}


@pytest.mark.parametrize("kind", FRONTS)
def test_what_a_composite_has_kept(kind: str, caller: Any) -> None:
    model = build(
        {**FRONTS[kind], "cache": {"store": "memory"}}, [answer("no"), answer("ok"), answer("no"), answer("ok")]
    )
    first = caller.call(model, "hi")
    asked = read_asked(model)
    again = caller.call(model, "hi")
    deltas, streamed = caller.deltas(model, "hi")
    assert again.cached
    assert (again.text, again.usage, streamed.text) == (first.text, first.usage, first.text)
    assert "".join(delta.text or "" for delta in deltas) == first.text
    assert read_asked(model) == asked
    if kind in ("cascade", "chain"):
        assert asked == ["a", "b"]
        assert again.usage == Usage(2, 4, 6)


@pytest.mark.parametrize("kind", FRONTS)
def test_a_stream_that_is_kept(kind: str, caller: Any) -> None:
    front = {**FRONTS[kind], "cache": {"store": "memory"}}
    last = stream("o", "k")
    model = build(front, [last] if kind in ("fallback", "router") else [answer("no"), last])
    first = caller.deltas(model, "hi")[1]
    again = caller.call(model, "hi")
    assert again.cached
    assert (again.text, again.usage) == (first.text, first.usage) == ("ok", first.usage)


@pytest.mark.parametrize("kind", FRONTS)
def test_options_of_a_call_are_obeyed_and_not_sent(kind: str, caller: Any) -> None:
    model = build(FRONTS[kind], [answer("yes"), answer("yes")])
    caller.call(model, "hi", tags=["x"], timeout=5, retry={"max_attempts": 1}, cache=False)
    for request in model.drivers.requests:
        assert not any(word in request.body for word in (b"tags", b"timeout", b"retry", b"cache"))


@pytest.mark.parametrize("kind", FRONTS)
def test_limits_of_a_composite(kind: str) -> None:
    front = {**FRONTS[kind], "limits": {"rpm": 1, "on_limit": "fail"}}
    model = build(front, [answer("yes"), answer("yes")])
    model("hi")
    sent = len(model.drivers.requests)
    with pytest.raises(errors.RateLimitError) as caught:
        model("hi")
    assert caught.value.code == "local_limit"
    assert len(model.drivers.requests) == sent
