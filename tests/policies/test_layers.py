"""What stands around a call: limits, circuit breakers and caches, for every kind of model and every way to call it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelResponse, errors
from modelhub.base import ModelWrapperBase
from modelhub.testing import MockServer, VirtualDrivers

CHAT = {"model_type": "openai_chat", "api_key": "k", "model_name": "m"}


def build(url: str, *configs: dict[str, Any], **more: Any) -> ModelRegistry:
    client = {"client_args": {"base_url": f"{url}/v1"}}
    given = configs or ({"config_name": "m"},)
    return ModelRegistry([{**CHAT, **client, "retry": {"max_attempts": 1}, **config, **more} for config in given])


def outcomes(told: Any) -> list[str]:
    return [attempt.outcome for attempt in told.trail]


class Counting(ModelWrapperBase):
    """A model in plain Python that counts how often it is asked, and how often at once."""

    model_type = "counting"

    def __init__(self, config_name: str, **kwargs: Any) -> None:
        super().__init__(config_name)
        assert kwargs.keys() <= {"prefix"}
        self.lock = threading.Lock()
        self.asked = self.now = self.most = 0
        self.failing: list[Exception] = []
        self.go_on: Callable[[], object] = lambda: time.sleep(0.01)

    def __call__(self, prompt: Any, **options: Any) -> Any:
        with self.lock:
            self.asked += 1
            self.now += 1
            self.most = max(self.most, self.now)
            error = self.failing.pop(0) if self.failing else None
        try:
            self.go_on()
            if error is not None:
                raise error
            return ModelResponse(f"{prompt} {self.asked}")
        finally:
            with self.lock:
                self.now -= 1


def build_counting(**more: Any) -> tuple[ModelRegistry, Any]:
    hub = ModelRegistry({"config_name": "m", "model_type": "counting", **more}, wrappers=[Counting])
    return hub, hub.get_model("m")


# Limits


@pytest.mark.parametrize("stream", [False, True])
def test_concurrency_over_threads_and_tasks(stream: bool) -> None:
    with MockServer(latency=0.02) as server, build(server.url, limits={"concurrency": 3}) as hub:
        model, most = hub.get_model("m"), 0
        done = threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.001):
                most = max(most, server.in_flight)

        def ask(n: int) -> str:
            if stream:
                return "".join(delta.text or "" for delta in model(f"echo: {n}", stream=True))
            return str(model(f"echo: {n}").text)

        async def ask_all() -> list[str]:
            async def one(n: int) -> str:
                reply = await model.acall(f"echo: {n}", stream=stream)
                return str((await reply.complete()).text)

            return await asyncio.gather(*map(one, range(20)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        with ThreadPoolExecutor(22) as threads:
            awaited = [threads.submit(asyncio.run, ask_all()) for _ in range(2)]
            texts = list(threads.map(ask, range(20)))
            for one in awaited:
                assert one.result() == [str(n) for n in range(20)]
        done.set()
        watcher.join()
        assert texts == [str(n) for n in range(20)]
        assert 1 < most <= 3
        assert (model.home.guards.limiter.under_way, model.home.guards.limiter.waiting) == (0, 0)


def test_plain_python_waits_in_line() -> None:
    hub, model = build_counting(limits={"concurrency": 2})
    with hub, ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(model, range(8)))) == 8
    assert (model.asked, model.most) == (8, 2)


def test_a_full_line_fails(caller: Any) -> None:
    hub, model = build_counting(limits={"concurrency": 1, "on_limit": "fail"})
    inside, leave = threading.Event(), threading.Event()
    model.go_on = lambda: (inside.set(), leave.wait(20))
    with hub, ThreadPoolExecutor(1) as threads:
        first = threads.submit(model, "first")
        assert inside.wait(20)
        with pytest.raises(errors.RateLimitError, match="limits") as caught:
            caller.call(model, "second")
        leave.set()
        assert first.result().text == "first 1"
    error = caught.value
    assert (error.code, error.retryable, error.config_name, outcomes(error)) == (
        "local_limit",
        False,
        "m",
        ["rejected"],
    )
    assert error.retry_after is not None
    assert error.retry_after >= 0


def test_max_wait_and_the_time_in_line(caller: Any) -> None:
    with MockServer() as server, build(server.url, limits={"rpm": 60, "burst": 1, "max_wait": 1.5}) as hub:
        model = hub.get_model("m")
        model.drivers = VirtualDrivers()
        assert outcomes(caller.call(model, "echo: 1")) == ["answered"]
        (attempt,) = caller.call(model, "echo: 2").trail
        assert attempt.waited == pytest.approx(1)
        assert model.drivers.virtual.slept == [pytest.approx(1)]
        (attempt,) = caller.call(model, "echo: 3").trail
        assert attempt.waited == pytest.approx(1)
        assert len(server.requests) == 3


def test_tokens_a_minute(caller: Any) -> None:
    with MockServer() as server, build(server.url, limits={"tpm": 600, "max_wait": 600}) as hub:
        model = hub.get_model("m")
        model.drivers = VirtualDrivers()
        caller.call(model, "hi", max_tokens=600)
        assert model.drivers.clock() == 0
        caller.call(model, "hi", max_tokens=590)  # the first has used a few tokens alone
        assert model.drivers.clock() < 10


@pytest.mark.parametrize("leave", ["closed", "dropped"])
def test_a_stream_that_is_left_gives_its_place_back(leave: str) -> None:
    with MockServer(chunk_delay=0.01) as server, build(server.url, limits={"concurrency": 1}) as hub:
        model = hub.get_model("m")
        reply = model("count: 50", stream=True)
        next(iter(reply))
        assert model.home.guards.limiter.under_way == 1
        if leave == "closed":
            reply.close()
        del reply
        assert model("echo: next").text == "next"


def test_a_cancelled_waiter_holds_up_nobody() -> None:
    async def main() -> None:
        with MockServer(latency=0.1) as server, build(server.url, limits={"concurrency": 1}) as hub:
            model = hub.get_model("m")
            tasks = [asyncio.create_task(model.acall(f"echo: {n}")) for n in range(3)]
            while model.home.guards.limiter.waiting < 2:
                await asyncio.sleep(0)
            tasks[1].cancel()
            assert [(await tasks[n]).text for n in (0, 2)] == ["0", "2"]
            assert tasks[1].cancelled()

    asyncio.run(main())


def test_a_429_holds_the_whole_limiter(caller: Any) -> None:
    with MockServer() as server:
        group = {"limits": {"group": "g", "concurrency": 5}}
        with build(server.url, {"config_name": "a", **group}, {"config_name": "b", **group}) as hub:
            clock = VirtualDrivers()
            a, b = hub.get_model("a"), hub.get_model("b")
            a.drivers = b.drivers = clock
            server.script("429;retry-after=7")
            with pytest.raises(errors.RateLimitError):
                caller.call(a, "hi")
            assert caller.call(b, "echo: later").text == "later"
            assert clock.clock() == pytest.approx(7)


def test_the_pause_before_a_repeat_holds_no_place() -> None:
    with MockServer(retry_after="") as server:
        retry = {"max_attempts": 2, "initial": 0.3, "max": 0.3}
        with build(server.url, limits={"concurrency": 1}, retry=retry) as hub:
            model = hub.get_model("m")
            server.script("503")
            with ThreadPoolExecutor(2) as threads:
                first = threads.submit(model, "echo: first")
                assert server.wait_until(lambda: len(server.requests) == 1 and server.in_flight == 0, 10)
                assert model("echo: second").text == "second"
                assert not first.done()
                assert first.result().text == "first"


def test_a_group_alone_takes_the_numbers_of_the_others() -> None:
    configs = [
        {"config_name": "a", "limits": {"group": "g", "concurrency": 3}},
        {"config_name": "b", "limits": {"group": "g"}},
        {"config_name": "c", "limits": {"concurrency": 3}},
    ]
    with build("http://127.0.0.1:1", *configs) as hub:
        a, b, c = (hub.get_model(name).home.guards.limiter for name in "abc")
        assert a is b is not c
        assert b.limits.concurrency == 3


def test_new_numbers_of_a_group(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    text = "- {config_name: %s, model_type: openai_chat, api_key: k, limits: {group: g%s}}\n"
    path.write_text(text % ("a", ", concurrency: 3") + text % ("b", ""))
    with ModelRegistry(path) as hub:
        b = hub.get_model("b")
        assert b.home.guards.limiter.limits.concurrency == 3
        path.write_text(text % ("a", ", concurrency: 4") + text % ("b", ""))
        assert hub.reload().changed == ("a",)
        hub.get_model("a")
        assert hub.get_model("b") is b
        assert b.home.guards.limiter.limits.concurrency == 4


# Circuit breakers

BREAKER = {"failures": 2, "ratio": 0.5, "window": 30, "cooldown": 15}


def test_it_opens_and_one_probe_closes_it(caller: Any) -> None:
    with MockServer(faults=["500", "500"]) as server, build(server.url, circuit_breaker=BREAKER) as hub:
        model = hub.get_model("m")
        model.drivers = VirtualDrivers()
        for _ in range(2):
            with pytest.raises(errors.ServerError):
                caller.call(model, "hi")
        assert model.is_refusing()
        with pytest.raises(errors.CircuitOpenError, match="circuit_breaker") as caught:
            caller.call(model, "hi")
        error = caught.value
        assert (error.retry_after, error.retryable, error.config_name) == (15, False, "m")
        assert outcomes(error) == ["rejected"]
        assert len(server.requests) == 2
        model.drivers.virtual.advance(15)
        assert not model.is_refusing()
        assert caller.call(model, "echo: again").text == "again"
        assert caller.call(model, "echo: again").text == "again"


def test_client_errors_neither_open_nor_close_it(caller: Any) -> None:
    faults = ["400", "401", "404", "429", "422"]
    with MockServer(faults=faults, retry_after="") as server, build(server.url, circuit_breaker=BREAKER) as hub:
        model = hub.get_model("m")
        for _ in faults:
            with pytest.raises(errors.ModelCallError):
                caller.call(model, "hi")
        assert caller.call(model, "echo: ok").text == "ok"


def test_a_repeat_that_meets_an_open_breaker_tells_the_last_real_error(caller: Any) -> None:
    with MockServer(faults=["500"] * 9, retry_after="") as server:
        retry = {"max_attempts": 9, "initial": 0.001}
        with build(server.url, circuit_breaker={"failures": 2}, retry=retry) as hub:
            with pytest.raises(errors.ServerError) as caught:
                caller.call(hub.get_model("m"), "hi")
            assert outcomes(caught.value) == ["failed", "failed", "rejected"]
            assert [type(attempt.error).__name__ for attempt in caught.value.trail] == [
                *("ServerError", "ServerError", "CircuitOpenError")
            ]
            assert caught.value.trail[1].error is caught.value
            assert len(server.requests) == 2


def test_streams_that_break_count(caller: Any) -> None:
    with MockServer(faults=["cut", "cut"], retry_after="") as server, build(server.url, circuit_breaker=BREAKER) as hub:
        model = hub.get_model("m")
        for _ in range(2):
            with pytest.raises(errors.ModelCallError):
                caller.deltas(model, "count: 20")
        with pytest.raises(errors.CircuitOpenError):
            caller.deltas(model, "hi")


def test_a_timeout_of_the_call_does_not_count(caller: Any) -> None:
    with MockServer(latency=5) as server, build(server.url, circuit_breaker=BREAKER) as hub:
        model = hub.get_model("m")
        for _ in range(3):
            with pytest.raises(errors.TimeoutError):
                caller.call(model, "hi", timeout=0.05)
        assert not model.is_refusing()


def test_plain_python_has_a_breaker(caller: Any) -> None:
    hub, model = build_counting(circuit_breaker=BREAKER, retry={"max_attempts": 1})
    model.failing = [errors.ServerError("down", status=500) for _ in range(2)]
    with hub:
        for _ in range(2):
            with pytest.raises(errors.ServerError):
                caller.call(model, "hi")
        with pytest.raises(errors.CircuitOpenError):
            caller.call(model, "hi")
    assert model.asked == 2


def test_a_fallback_goes_on_after_an_open_breaker(caller: Any) -> None:
    with MockServer(faults=["500", "500"]) as server:
        configs = [{"config_name": "a", "circuit_breaker": BREAKER}, {"config_name": "b"}]
        with build(server.url, *configs) as hub:
            a = hub.get_model("a")
            for _ in range(2):
                with pytest.raises(errors.ServerError):
                    caller.call(a, "hi")
            both = ModelRegistry(
                [
                    *({**CHAT, **hub.build_config(name)} for name in ("a", "b")),
                    {"config_name": "both", "model_type": "fallback", "models": ["a", "b"]},
                ]
            )
            with both:
                both.get_model("a").home.guards.breaker = a.home.guards.breaker
                both.get_model("a").home.guards = a.home.guards
                reply = caller.call(both.get_model("both"), "echo: hi")
                assert (reply.text, reply.config_name, outcomes(reply)) == ("hi", "b", ["rejected", "answered"])


# Caches


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "memory" if request.param == "memory" else f"sqlite:{tmp_path / 'answers.db'}"


@pytest.fixture
def cached(store: str) -> Iterator[tuple[MockServer, ModelRegistry]]:
    with MockServer() as server:
        configs = [{"config_name": name, "cache": {"store": store, "ttl": 60}} for name in ("m", "n")]
        with build(server.url, *configs) as hub:
            for name in hub:
                hub.get_model(name).drivers = VirtualDrivers()
            yield server, hub


def test_an_answer_is_kept(cached: tuple[MockServer, ModelRegistry], caller: Any) -> None:
    server, hub = cached
    model = hub.get_model("m")
    first, second = (caller.call(model, "hello", temperature=0.1) for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert (second.text, second.usage, second.raw) == (first.text, first.usage, first.raw)
    assert (second.config_name, outcomes(second)) == ("m", ["cached"])
    assert not caller.call(model, "hello", temperature=0.2).cached
    assert len(server.requests) == 2
    assert caller.call(hub.get_model("n"), "hello", temperature=0.1).config_name == "n"
    assert len(server.requests) == 2


def test_around_and_anew(cached: tuple[MockServer, ModelRegistry], caller: Any) -> None:
    server, hub = cached
    model = hub.get_model("m")
    server.reply("one", "two", "three")
    texts = [caller.call(model, "hi", cache=cache).text for cache in (None, False, True, "refresh", None)]
    assert texts == ["one", "two", "one", "three", "three"]


def test_it_ends(cached: tuple[MockServer, ModelRegistry], caller: Any) -> None:
    server, hub = cached
    model = hub.get_model("m")
    caller.call(model, "hi")
    model.drivers.virtual.advance(61)
    assert not caller.call(model, "hi").cached
    assert len(server.requests) == 2


def test_streams_and_whole_answers_are_one(cached: tuple[MockServer, ModelRegistry], caller: Any) -> None:
    server, hub = cached
    model = hub.get_model("m")
    deltas, streamed = caller.deltas(model, "hello")
    whole = caller.call(model, "hello")
    assert (whole.cached, whole.text) == (True, streamed.text)
    again, kept = caller.deltas(model, "hello")
    assert "".join(delta.text or "" for delta in again) == "".join(delta.text or "" for delta in deltas)
    assert (kept.cached, kept.finish_reason, outcomes(kept)) == (True, streamed.finish_reason, ["cached"])
    assert len(server.requests) == 1


def test_a_stream_that_is_left_is_not_kept(cached: tuple[MockServer, ModelRegistry]) -> None:
    _, hub = cached
    reply = hub.get_model("m")("count: 30", stream=True)
    next(iter(reply))
    reply.close()
    assert not hub.get_model("m")("count: 30").cached


@pytest.mark.parametrize("fault", ["500", "400", "html", "cut"])
def test_failures_are_not_kept(fault: str, cached: tuple[MockServer, ModelRegistry], caller: Any) -> None:
    server, hub = cached
    server.script(fault)
    with pytest.raises(errors.ModelCallError):
        caller.call(hub.get_model("m"), "echo: hi")
    reply = caller.call(hub.get_model("m"), "echo: hi")
    assert (reply.text, reply.cached) == ("hi", False)


def test_tools_with_odd_names(cached: tuple[MockServer, ModelRegistry], caller: Any) -> None:
    _, hub = cached
    model = hub.get_model("m")

    def ask(name: str) -> Any:
        tool = {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
        return caller.call(model, "call a tool", tools=[tool])

    first, second = ask("my tool"), ask("my tool")
    assert second.cached
    assert [call.name for call in second.tool_calls or ()] == [call.name for call in first.tool_calls or ()]


def test_parse_func_asks_anew(cached: tuple[MockServer, ModelRegistry], caller: Any) -> None:
    server, hub = cached
    server.reply("bad", "good")

    def parse(response: Any) -> str:
        if response.text == "bad":
            raise errors.ResponseParsingError("not good")
        return str(response.text)

    assert caller.call(hub.get_model("m"), "hi", parse_func=parse) == "good"
    assert caller.call(hub.get_model("m"), "hi").text == "good"
    assert len(server.requests) == 2


def test_structured_answers_are_parsed_for_each(cached: tuple[MockServer, ModelRegistry], caller: Any) -> None:
    server, hub = cached
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    server.reply('{"a": 1}')
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    replies = [caller.call(hub.get_model("m"), "hi", response_format=form) for _ in range(2)]
    assert [(reply.parsed, reply.cached) for reply in replies] == [({"a": 1}, False), ({"a": 1}, True)]
    assert replies[0].parsed is not replies[1].parsed
    _, streamed = caller.deltas(hub.get_model("m"), "hi", response_format=form)
    assert (streamed.parsed, streamed.cached) == ({"a": 1}, True)


def test_equal_calls_ask_once() -> None:
    with MockServer(latency=0.1) as server, build(server.url, cache={}) as hub:
        model = hub.get_model("m")
        with ThreadPoolExecutor(8) as threads:
            replies = list(threads.map(lambda _: model("hello"), range(8)))

        async def ask() -> list[Any]:
            return await asyncio.gather(*(model.acall("hello you") for _ in range(8)))

        awaited = asyncio.run(ask())
        for answers in (replies, awaited):
            assert len({reply.text for reply in answers}) == 1
            assert len({id(reply.raw) for reply in answers}) == 8
            told = sorted(outcome for reply in answers for outcome in outcomes(reply))
            assert told.count("answered") == 1
            assert set(told) <= {"answered", "coalesced", "cached"}
            assert all(not reply.cached for reply in answers if outcomes(reply) == ["coalesced"])
        assert len(server.requests) == 2


def test_when_the_asking_one_is_cancelled_another_goes_on() -> None:
    async def main() -> None:
        with MockServer(latency=0.2) as server, build(server.url, cache={}) as hub:
            model = hub.get_model("m")
            tasks = [asyncio.create_task(model.acall("echo: hi")) for _ in range(3)]
            assert await asyncio.to_thread(server.wait_until, lambda: len(server.requests) == 1, 10)
            tasks[0].cancel()
            replies = await asyncio.gather(*tasks[1:])
            assert [reply.text for reply in replies] == ["hi", "hi"]
            assert sorted(outcomes(reply)[0] for reply in replies) == ["answered", "coalesced"]
            assert len(server.requests) == 2
            assert (await model.acall("echo: hi")).cached

    asyncio.run(main())


def test_its_own_deadline_is_nobody_elses() -> None:
    async def main() -> None:
        with MockServer(latency=0.3) as server, build(server.url, cache={}) as hub:
            model = hub.get_model("m")
            hasty = asyncio.create_task(model.acall("echo: hi", timeout=0.1))
            assert await asyncio.to_thread(server.wait_until, lambda: len(server.requests) == 1, 10)
            patient = asyncio.create_task(model.acall("echo: hi"))
            hasty_too = asyncio.create_task(model.acall("echo: hi", timeout=0.15))
            with pytest.raises(errors.TimeoutError):
                await hasty
            assert (await patient).text == "hi"
            with pytest.raises(errors.TimeoutError) as caught:
                await hasty_too
            assert caught.value.bound == "total"

    asyncio.run(main())


def test_what_the_asking_one_fails_with_all_do() -> None:
    hub, model = build_counting(cache={}, retry={"max_attempts": 1})
    model.failing = [errors.BadRequestError("no", status=400)]
    model.go_on = lambda: time.sleep(0.2)
    barrier = threading.Barrier(4)

    def ask(_: int) -> errors.BadRequestError:
        barrier.wait()
        with pytest.raises(errors.BadRequestError) as caught:
            model("hi")
        return caught.value

    with hub, ThreadPoolExecutor(4) as threads:
        told = list(threads.map(ask, range(4)))
    assert model.asked == 1
    assert len({id(error) for error in told}) == 4
    assert sorted(outcomes(error)[0] for error in told) == ["coalesced"] * 3 + ["failed"]


def test_plain_python_is_cached(store: str, caller: Any) -> None:
    hub, model = build_counting(cache={"store": store}, prefix="a")
    with hub:
        replies = [caller.call(model, [{"role": "user", "content": "hi"}]) for _ in range(2)]
        assert [reply.cached for reply in replies] == [False, True]
        assert model.asked == 1
        caller.call(model, object())  # what cannot be told from others is not kept
        caller.call(model, object())
        assert model.asked == 3


def test_embeddings_are_cached(caller: Any) -> None:
    with MockServer() as server:
        config = {"config_name": "e", "model_type": "openai_embedding", "cache": {}}
        with build(server.url, config) as hub:
            model = hub.get_model("e")
            texts = [f"text {n}" for n in range(3)]
            first, second = (caller.call(model, texts) for _ in range(2))
            assert (second.cached, second.embedding) == (True, first.embedding)
            assert not caller.call(model, [*texts[:2], "another"]).cached
            assert len(server.requests) == 2


def test_a_composite_has_a_cache_of_its_own(store: str, caller: Any, tmp_path: Path) -> None:
    with MockServer() as server:
        path = tmp_path / "models.yaml"
        text = (
            "- {{config_name: a, model_type: openai_chat, api_key: k, timeout: {},"
            " client_args: {{base_url: '{}/v1'}}}}\n"
            "- {{config_name: f, model_type: fallback, models: [a], cache: {{store: '{}'}}}}\n"
        )
        path.write_text(text.format(20, server.url, store))
        with ModelRegistry(path) as hub:
            model = hub.get_model("f")
            replies = [caller.call(model, "hello") for _ in range(2)]
            assert [(reply.cached, reply.config_name) for reply in replies] == [(False, "a"), (True, "a")]
            _, streamed = caller.deltas(model, "hello")
            assert (streamed.cached, streamed.text) == (True, replies[0].text)
            anew = caller.call(model, "hello", cache="refresh", timeout=20)
            assert (anew.cached, anew.text) == (False, replies[0].text)
            assert caller.call(model, "hello", timeout=10, retry={"max_attempts": 2}).cached
            assert len(server.requests) == 2
            path.write_text(text.format(21, server.url, store))
            assert hub.reload().changed == ("a",)
            assert hub.get_model("f") is model
            assert not caller.call(model, "hello").cached
            assert len(server.requests) == 3


def test_a_composite_has_limits_of_its_own(caller: Any) -> None:
    with MockServer() as server:
        limits = {"rpm": 1, "burst": 1, "on_limit": "fail"}
        front = {"config_name": "f", "model_type": "fallback", "models": ["a"], "limits": limits}
        chat = {**CHAT, "config_name": "a", "client_args": {"base_url": f"{server.url}/v1"}}
        with ModelRegistry([chat, front]) as hub:
            assert caller.call(hub.get_model("f"), "echo: hi").text == "hi"
            with pytest.raises(errors.RateLimitError) as caught:
                caller.call(hub.get_model("f"), "echo: hi")
            error = caught.value
            assert (error.code, error.config_name, outcomes(error)) == ("local_limit", "f", ["rejected"])
            assert error.trail[0].config_name == "f"


def test_a_store_that_fails_costs_the_hit_alone(
    caplog: pytest.LogCaptureFixture, caller: Any, unused_port: int
) -> None:
    with MockServer() as server:
        store = f"redis://:hunter2@127.0.0.1:{unused_port}/0"
        with build(server.url, cache={"store": store}) as hub:
            for _ in range(3):
                assert caller.call(hub.get_model("m"), "echo: hi").text == "hi"
        assert len(server.requests) == 3
        said = [record.getMessage() for record in caplog.records]
        assert len([line for line in said if "store" in line]) == 1
        assert "hunter2" not in "".join(said)


# All together


def test_a_hit_needs_no_place_and_no_closed_breaker(caller: Any) -> None:
    with MockServer() as server:
        more = {"cache": {}, "limits": {"rpm": 1, "burst": 1, "on_limit": "fail"}, "circuit_breaker": {"failures": 1}}
        with build(server.url, **more) as hub:
            model = hub.get_model("m")
            assert caller.call(model, "echo: hi").text == "hi"
            assert caller.call(model, "echo: hi").cached
            with pytest.raises(errors.RateLimitError):
                caller.call(model, "echo: other")
            assert not model.is_refusing()  # a refusal of our own is none of the model's


def test_the_order_is_told() -> None:
    from modelhub.policies.stack import LAYERS

    assert LAYERS[0] == "cache"
    assert LAYERS.index("retry") < LAYERS.index("breaker") < LAYERS.index("limits") < LAYERS.index("attempt")
