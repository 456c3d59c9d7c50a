"""What is told of calls, in which order: scenarios as data, the same over sockets and replayed, blocking and async."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from modelhub.wrappers.openai_embedding import OpenAIEmbeddingWrapper

from modelhub import ModelRegistry, ModelWrapperBase, errors, events
from modelhub.testing import Player, Replay, VirtualClock, VirtualDrivers

Told = list[events.Event]
CHAT = {"model_type": "openai_chat", "model_name": "m", "api_key": "k", "retry": {"max_attempts": 1}}


def answer(text: str = "hi", headers: dict[str, str] | None = None) -> dict[str, Any]:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage}
    return {"status": 200, "headers": headers or {}, "body": json.dumps(body)}


def stream(*texts: str, **more: Any) -> dict[str, Any]:
    pieces = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts]
    ends = [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    chunks = [f"data: {json.dumps(piece)}\n\n" for piece in (pieces if more else pieces + ends)]
    return {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": chunks, **more}


HELLO, STREAM, CUT = answer(), stream("a", "b"), stream("a", end="abrupt")
BUSY = {"status": 429, "headers": {"Retry-After": "2"}, "body": "{}"}
DOWN, WRONG = {"status": 500, "headers": {}, "body": "{}"}, {"status": 400, "headers": {}, "body": "{}"}
VECTORS = {"status": 200, "headers": {}, "body": json.dumps({"data": [{"index": 0, "embedding": [1.0]}]})}
AGAIN = {"retry": {"max_attempts": 2}}
AB = [{"config_name": "a"}, {"config_name": "b"}]
WATCHED = {"circuit_breaker": {"failures": 1, "cooldown": 30}}
TAGGED = {"when": {"tags": ["x"]}}
COMPOSITES = ("fallback", "router", "cascade", "chain")
UNSURE = {"accept": {"regex": "sure"}}

# Configs over CHAT, what is replied in turn, what is asked, and what is told. A step is a call of the last config by
# its options; "leave" is a stream that is left after its first piece, and a number is how many seconds pass.
SCENARIOS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], list[Any], str]] = {
    "success": ([{"config_name": "a"}], [HELLO], [{}], "a starts, a tries 1, a ends"),
    "tags": ([{"config_name": "a"}], [HELLO], [{"tags": ["x"]}], "a starts #x, a tries 1, a ends #x"),
    "failure": ([{"config_name": "a"}], [WRONG], [{}], "a starts, a tries 1, a fails 1, a ends BadRequestError"),
    "refused before it is sent": ([{"config_name": "a"}], [], [{"messages": 5}], "a starts, a ends BadRequestError"),
    "retry": (
        [{"config_name": "a", **AGAIN}],
        [BUSY, HELLO],
        [{}],
        "a starts, a tries 1, a fails 1, a will try 2, a tries 2, a ends",
    ),
    "retries that do not help": (
        [{"config_name": "a", **AGAIN}],
        [DOWN, DOWN],
        [{}],
        "a starts, a tries 1, a fails 1, a will try 2, a tries 2, a fails 2, a ends ServerError",
    ),
    "stream": (
        [{"config_name": "a"}],
        [STREAM],
        [{"stream": True}],
        "a starts, a tries 1, a has begun, a is whole, a ends",
    ),
    "a stream after a retry": (
        [{"config_name": "a", **AGAIN}],
        [DOWN, STREAM],
        [{"stream": True}],
        "a starts, a tries 1, a fails 1, a will try 2, a tries 2, a has begun, a is whole, a ends",
    ),
    "a stream that is cut": (
        [{"config_name": "a", **AGAIN}],
        [CUT],
        [{"stream": True}],
        "a starts, a tries 1, a has begun, a fails 1, a ends StreamInterruptedError",
    ),
    "a stream that is left": (
        [{"config_name": "a"}],
        [STREAM],
        ["leave"],
        "a starts, a tries 1, a has begun, a ends",
    ),
    "a line": (
        [{"config_name": "a", "limits": {"rpm": 60, "burst": 1}}],
        [HELLO, HELLO],
        [{}, {}],
        "a starts, a tries 1, a ends, a starts, a tries 1, a waits, a waited 1, a ends",
    ),
    "a line that is too long": (
        [{"config_name": "a", "limits": {"rpm": 60, "burst": 1, "max_wait": 0.5}}],
        [HELLO],
        [{}, {}],
        "a starts, a tries 1, a ends, a starts, a tries 1, a waits, a fails 1, a ends RateLimitError",
    ),
    "no line": (
        [{"config_name": "a", "limits": {"rpm": 60, "burst": 1, "on_limit": "fail"}}],
        [HELLO],
        [{}, {}],
        "a starts, a tries 1, a ends, a starts, a tries 1, a fails 1, a ends RateLimitError",
    ),
    "a kept answer": (
        [{"config_name": "a", "cache": {}}],
        [HELLO],
        [{}, {}, {"stream": True}],
        "a starts, a tries 1, a ends,"
        " a starts, a has it, a ends from the cache,"
        " a starts, a has it, a has begun, a is whole, a ends from the cache",
    ),
    "a breaker": (
        [{"config_name": "a", **WATCHED}],
        [DOWN, DOWN, HELLO, HELLO],
        [{}, {}, 40.0, {}, 40.0, {}, {}],
        "a starts, a tries 1, a closed > open, a fails 1, a ends ServerError,"
        " a starts, a tries 1, a fails 1, a ends CircuitOpenError,"
        " a starts, a tries 1, a open > half-open, a half-open > open, a fails 1, a ends ServerError,"
        " a starts, a tries 1, a open > half-open, a half-open > closed, a ends,"
        " a starts, a tries 1, a ends",
    ),
    "a budget": (
        [{"config_name": "a", "budget": {"tokens": 5, "per": "total", "store": "memory"}}],
        [HELLO],
        [{}, {}],
        "a starts, a tries 1, a ends,"
        " a starts, a tries 1, a has spent 5 of 5 tokens: refuse, a fails 1, a ends BudgetExceededError",
    ),
    "a budget that only warns": (
        [{"config_name": "a", "budget": {"tokens": 5, "per": "total", "on_exceed": "warn", "store": "memory"}}],
        [HELLO, HELLO],
        [{}, {}],
        "a starts, a tries 1, a ends, a starts, a tries 1, a has spent 5 of 5 tokens: warn, a ends",
    ),
    "fallback": (
        [*AB, {"config_name": "f", "model_type": "fallback", "models": ["a", "b"]}],
        [DOWN, HELLO],
        [{"tags": ["x"]}],
        "f starts #x, a starts in f #x, a tries 1, a fails 1, a ends ServerError #x,"
        " f goes on from a to b: ServerError, b starts in f #x, b tries 1, b ends #x, f ends #x",
    ),
    "a fallback that streams": (
        [*AB, {"config_name": "f", "model_type": "fallback", "models": ["a", "b"]}],
        [DOWN, STREAM],
        [{"stream": True}],
        "f starts, a starts in f, a tries 1, a fails 1, a ends ServerError, f goes on from a to b: ServerError,"
        " b starts in f, b tries 1, b has begun, b is whole, b ends, f ends",
    ),
    "a fallback that is of no use": (
        [*AB, {"config_name": "f", "model_type": "fallback", "models": ["a", "b"]}],
        [DOWN, DOWN],
        [{}],
        "f starts, a starts in f, a tries 1, a fails 1, a ends ServerError, f goes on from a to b: ServerError,"
        " b starts in f, b tries 1, b fails 1, b ends ServerError, f ends ServerError",
    ),
    "router": (
        [
            *AB,
            {"config_name": "r", "model_type": "router", "routes": [{**TAGGED, "to": "b"}, {"to": "a"}]},
        ],
        [HELLO, HELLO],
        [{"tags": ["x"]}, {}],
        "r starts #x, r takes b: routes[0], b starts in r #x, b tries 1, b ends #x, r ends #x,"
        " r starts, r takes a: routes[1], a starts in r, a tries 1, a ends, r ends",
    ),
    "a router that picks": (
        [*AB, {"config_name": "r", "model_type": "router", "routes": [{"to": ["a", "b"]}], "otherwise": "next"}],
        [DOWN, HELLO],
        [{}],
        "r starts, r takes a: routes[0], round_robin, a starts in r, a tries 1, a fails 1, a ends ServerError,"
        " r goes on from a to b: ServerError, b starts in r, b tries 1, b ends, r ends",
    ),
    "cascade": (
        [
            *AB,
            {"config_name": "c"},
            {
                "config_name": "d",
                "model_type": "cascade",
                "steps": [{"model": "a", **UNSURE}, {"model": "b", **UNSURE}, {"model": "c"}],
            },
        ],
        [answer("perhaps"), DOWN, HELLO],
        [{}],
        "d starts, a starts in d, a tries 1, a ends, d goes on from a to b: None,"
        " b starts in d, b tries 1, b fails 1, b ends ServerError, d goes on from b to c: ServerError,"
        " c starts in d, c tries 1, c ends, d ends",
    ),
    "chain": (
        [*AB, {"config_name": "c", "model_type": "chain", "steps": [{"model": "a"}, {"model": "b"}]}],
        [HELLO, STREAM],
        [{"stream": True}],
        "c starts, a starts in c, a tries 1, a ends, b starts in c, b tries 1, b has begun, b is whole, b ends, c ends",
    ),
    "a composite in a composite": (
        [
            *AB,
            {"config_name": "f", "model_type": "fallback", "models": ["b"]},
            {"config_name": "g", "model_type": "fallback", "models": ["a", "f"]},
        ],
        [DOWN, HELLO],
        [{}],
        "g starts, a starts in g, a tries 1, a fails 1, a ends ServerError, g goes on from a to f: ServerError,"
        " f starts in g, b starts in f, b tries 1, b ends, f ends, g ends",
    ),
    "an embedding in parts": (
        [{"config_name": "e", "model_type": "sequences_parts"}],
        [VECTORS, VECTORS],
        [{"texts": ["one", "two"]}],
        "e starts, e tries 1, e tries 1, e ends",
    ),
    "parts that fail": (
        [{"config_name": "e", "model_type": "sequences_parts"}],
        [VECTORS, WRONG],
        [{"texts": ["one", "two"]}],
        "e starts, e tries 1, e tries 1, e fails 1, e ends BadRequestError",
    ),
}


def show(told: Told) -> str:
    """What was told, in words."""
    ids = {event.call_id: event.config_name for event in told}
    return ", ".join(_show(event, ids) for event in told)


def _show(event: events.Event, ids: dict[str, str]) -> str:
    match event:
        case events.CallStarted():
            words = "starts" + (f" in {ids[event.parent_id]}" if event.parent_id else "")
        case events.AttemptStarted():
            words = f"tries {event.attempt}"
        case events.AttemptFailed():
            words = f"fails {event.attempt}"
        case events.RetryScheduled():
            words = f"will try {event.attempt}"
        case events.Queued():
            words = "waits"
        case events.Admitted():
            words = f"waited {event.waited:.0f}"
        case events.CacheHit():
            words = "shares it" if event.coalesced else "has it"
        case events.FellBack():
            words = f"goes on from {event.failed} to {event.target}: {event.error}"
        case events.Routed():
            words = f"takes {event.target}: {event.reason}"
        case events.BreakerChanged():
            words = f"{event.before} > {event.after}"
        case events.BudgetExceeded():
            words = f"has spent {event.spent:g} of {event.limit:g} {event.unit}: {event.action}"
        case events.FirstToken():
            words = "has begun"
        case events.StreamEnded():
            words = "is whole"
        case events.CallEnded():
            words = "ends" + (f" {event.error}" if event.error else "") + (" from the cache" if event.cached else "")
        case _:
            raise AssertionError(event)
    tags = "".join(f" #{tag}" for tag in getattr(event, "tags", ()))
    return f"{event.config_name} {words}{tags}"


async def _wait(model: Any, options: dict[str, Any], left: bool) -> None:
    answer = await model.acall(**options)
    async for _ in answer:
        if left:
            answer.close()


def ask(model: Any, how: str, options: dict[str, Any], left: bool) -> None:
    """Call a model, and read or leave what it answers; its errors are told."""
    try:
        if how == "async":
            asyncio.run(_wait(model, options, left))
            return
        answer = model(**options)
        for _ in answer:
            if left:
                answer.close()
    except errors.ModelCallError:
        pass


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with Player() as player:
        yield player


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize("wire", ["sockets", "replay"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_sequences(name: str, wire: str, how: str, player: Player) -> None:
    configs, replies, steps, expected = SCENARIOS[name]
    told: Told = []
    clock = VirtualClock()
    drivers = VirtualDrivers(clock) if wire == "sockets" else Replay(replies, clock=clock)
    player.play(*replies)
    url = {"client_args": {"base_url": f"{player.url}/v1"}}
    given = [config if config.get("model_type") in COMPOSITES else {**CHAT, **url, **config} for config in configs]
    with ModelRegistry(given, wrappers=[InParts], observers=[told.append]) as hub:
        for each in hub.names():
            hub.get_model(each).drivers = drivers
        model = hub.get_model(hub.names()[-1])
        for step in steps:
            if isinstance(step, float):
                clock.advance(step)
                continue
            options = {"stream": True} if step == "leave" else dict(step)
            if not options.keys() & {"texts", "messages"}:
                options["messages"] = "hi"
            ask(model, how, options, step == "leave")
    drivers.close()
    assert show(told) == expected
    check_grammar(told)


def check_grammar(told: Told) -> None:
    """What holds for the events of all calls, whatever happens in them."""
    assert [event.time for event in told] == sorted(event.time for event in told)
    for call_id in dict.fromkeys(event.call_id for event in told):
        own = [event for event in told if event.call_id == call_id]
        started, ended = own[0], own[-1]
        assert isinstance(started, events.CallStarted) and isinstance(ended, events.CallEnded)
        assert not [event for event in own[1:-1] if isinstance(event, events.CallStarted | events.CallEnded)]
        assert (started.parent_id, started.tags, started.stream) == (ended.parent_id, ended.tags, ended.stream)
        assert ended.attempts == sum(isinstance(event, events.AttemptStarted) for event in own)
        assert ended.seconds == pytest.approx(ended.time - started.time)
        if started.parent_id is not None:
            within = [event for event in told if event.call_id == started.parent_id]
            first, last = told.index(within[0]), told.index(within[-1])
            assert first < told.index(started) < told.index(ended) < last


class InParts(OpenAIEmbeddingWrapper):
    """Sends each text by itself."""

    model_type = "sequences_parts"

    def find_batch_size(self) -> int:
        return 1


class Gated(ModelWrapperBase):
    """A model that answers when it is let, and says when it is asked."""

    model_type = "sequences_gated"

    def __init__(self, config_name: str, **kwargs: Any) -> None:
        super().__init__(config_name)
        self.asked, self.gate = Event(), Event()

    def __call__(self, prompt: str) -> str:
        self.asked.set()
        assert self.gate.wait(60)
        return prompt


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_shared_answer(how: str) -> None:
    told: Told = []
    config = {"config_name": "a", "model_type": "sequences_gated", "cache": {}}
    with ModelRegistry(config, wrappers=[Gated], observers=[told.append]) as hub, ThreadPoolExecutor(2) as threads:
        model = hub.get_model("a")

        def call() -> str:
            return str((asyncio.run(model.acall("hi")) if how == "async" else model("hi")).text)

        first = threads.submit(call)
        assert model.asked.wait(60)
        second = threads.submit(call)
        while not any(flight.waiting for flight in list(model.home.guards.cache.flights._flights.values())):
            assert not second.done()
            time.sleep(0.001)
        model.gate.set()
        assert first.result() == second.result() == "hi"
    calls = list(dict.fromkeys(event.call_id for event in told))
    both = [show([event for event in told if event.call_id == call_id]) for call_id in calls]
    assert both == ["a starts, a tries 1, a ends", "a starts, a shares it, a ends from the cache"]
    check_grammar(told)


def test_reloads_are_told(tmp_path: Path) -> None:
    path, told = tmp_path / "m.yaml", list[events.Event]()
    entry = "- {{config_name: {}, model_type: openai_chat, model_name: {}}}\n"
    path.write_text(entry.format("a", "m") + entry.format("b", "m"))
    with ModelRegistry(path) as hub:
        hub.observe(told.append)
        path.write_text(entry.format("b", "n") + entry.format("c", "m"))
        hub.reload()
        hub.reload()
        path.write_text("- {config_name: b}\n")
        with pytest.raises(errors.ConfigError) as refusal:
            hub.reload()
    changed, same, refused = told
    assert isinstance(changed, events.Reloaded) and isinstance(same, events.Reloaded)
    assert isinstance(refused, events.Reloaded)
    assert (changed.generation, changed.added, changed.changed, changed.removed) == (2, ("c",), ("b",), ("a",))
    assert (changed.error, changed.config_name, changed.call_id) == (None, "", "")
    assert (same.generation, same.added, same.changed, same.removed, same.error) == (2, (), (), (), None)
    assert (refused.generation, refused.error) == (2, str(refusal.value))
