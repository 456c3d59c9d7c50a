"""Texts of several calls that are embedded together: each call gets the vectors of its own."""

from __future__ import annotations

import asyncio
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from modelhub import ModelRegistry, errors
from modelhub.policies.batching import Batches, Place
from modelhub.testing import MockServer


def build(url: str, **batch: Any) -> ModelRegistry:
    common = {
        "model_type": "openai_embedding",
        "model_name": "m",
        "api_key": "k",
        "client_args": {"base_url": f"{url}/v1"},
    }
    retry = {"max_attempts": 1}
    return ModelRegistry(
        [
            {"config_name": "together", **common, "batch": {"max_wait": 0.05, **batch}, "retry": retry},
            {"config_name": "alone", **common, "retry": retry},
        ]
    )


def count_inputs(server: MockServer) -> list[int]:
    inputs = [request.json["input"] for request in server.requests]
    return [len(each) if isinstance(each, list) else 1 for each in inputs]


def test_each_gets_its_own() -> None:
    draw = random.Random(1)
    calls = [[f"text {draw.random()}" for _ in range(draw.randint(1, 5))] for _ in range(40)]
    with MockServer() as server, build(server.url, max_size=16) as hub:
        right = [hub.get_model("alone")(texts).embedding for texts in calls]
        server.requests.clear()
        model = hub.get_model("together")

        async def ask_all() -> list[Any]:
            return await asyncio.gather(*map(model.acall, calls))

        with ThreadPoolExecutor(12) as threads:
            awaited = threads.submit(asyncio.run, ask_all())
            replies = list(threads.map(model, calls))
            for one in (replies, awaited.result()):
                assert [reply.embedding for reply in one] == right
                assert {reply.config_name for reply in one} == {"together"}
        sizes = count_inputs(server)
        assert max(sizes) <= 16
        assert sum(sizes) == 2 * sum(map(len, calls))
        assert len(sizes) < 80


def test_a_full_batch_does_not_wait() -> None:
    with MockServer() as server, build(server.url, max_size=4, max_wait=20) as hub:
        model = hub.get_model("together")
        with ThreadPoolExecutor(4) as threads:
            replies = list(threads.map(model, ["a", "b", "c", "d"]))
        assert count_inputs(server) == [4]
        assert all(reply.usage.total_tokens >= 1 for reply in replies)
        assert model([f"text {n}" for n in range(4)]).embedding is not None  # enough by itself
        assert count_inputs(server) == [4, 4]


def test_other_options_go_apart() -> None:
    with MockServer() as server, build(server.url) as hub, ThreadPoolExecutor(4) as threads:
        model = hub.get_model("together")
        sizes = [8, 8, 16, 16]
        replies = list(threads.map(lambda size: model("text", dimensions=size), sizes))
        assert [len(reply.embedding[0]) for reply in replies] == sizes
        assert sorted(count_inputs(server)) in ([2, 2], [1, 1, 2], [1, 1, 1, 1])


def test_what_is_wrong_with_one_fails_one() -> None:
    with MockServer() as server, build(server.url, max_size=3, max_wait=20) as hub, ThreadPoolExecutor(3) as threads:
        server.script("400", "ok", "400", "ok")
        futures = [threads.submit(hub.get_model("together"), text) for text in ("a", "b", "c")]
        outcomes = [type(future.exception()) for future in futures]
        assert sorted(outcomes, key=str) == sorted([type(None), type(None), errors.BadRequestError], key=str)
        assert sorted(count_inputs(server)) == [1, 1, 1, 3]


@pytest.mark.parametrize("fault", ["500", "429", "html"])
def test_what_is_wrong_with_the_server_fails_all(fault: str) -> None:
    with MockServer(retry_after="") as server, build(server.url, max_size=3, max_wait=20) as hub:
        server.script(fault)
        with ThreadPoolExecutor(3) as threads:
            futures = [threads.submit(hub.get_model("together"), text) for text in ("a", "b", "c")]
            told = [future.exception() for future in futures]
        assert len({type(error) for error in told}) == 1
        assert isinstance(told[0], errors.ModelCallError)
        assert len({id(error) for error in told}) == 3
        assert len(server.requests) == 1


def test_when_the_first_is_cancelled_the_next_sends() -> None:
    async def main() -> None:
        with MockServer() as server, build(server.url, max_wait=0.2) as hub:
            model = hub.get_model("together")
            right = hub.get_model("alone")(["b", "c"]).embedding
            tasks = [asyncio.create_task(model.acall(text)) for text in "abc"]
            await asyncio.sleep(0.05)
            tasks[0].cancel()
            replies = await asyncio.gather(*tasks[1:])
            assert [reply.embedding[0] for reply in replies] == right
            assert count_inputs(server) == [2, 2]

    asyncio.run(main())


def test_one_that_leaves_while_it_is_sent_takes_nothing_with_it() -> None:
    async def main() -> None:
        with MockServer(latency=0.2) as server, build(server.url, max_size=3, max_wait=20) as hub:
            model = hub.get_model("together")
            right = (await hub.get_model("alone").acall(["a", "b", "c"])).embedding
            tasks = [asyncio.create_task(model.acall(text)) for text in "abc"]
            assert await asyncio.to_thread(server.wait_until, lambda: len(server.requests) == 2, 10)
            tasks[1].cancel()
            assert (await tasks[0]).embedding == right[:1]
            assert (await tasks[2]).embedding == right[2:]

    asyncio.run(main())


def test_a_call_whose_time_is_over_leaves_the_others() -> None:
    async def main() -> None:
        with MockServer(latency=0.3) as server, build(server.url, max_size=2, max_wait=20) as hub:
            model = hub.get_model("together")
            hasty, patient = (
                asyncio.create_task(model.acall(text, timeout=bound)) for text, bound in (("a", 0.1), ("b", 9))
            )
            with pytest.raises(errors.TimeoutError) as caught:
                await hasty
            assert caught.value.bound == "total"
            assert len((await patient).embedding) == 1
            assert count_inputs(server) == [2, 1]

    asyncio.run(main())


def test_a_call_that_waits_otherwise_goes_by_itself(caller: Any) -> None:
    with MockServer() as server, build(server.url, max_size=2, max_wait=20) as hub:
        for own in ({"timeout": {"idle": 5}}, {"retry": {"max_attempts": 2}}):
            assert len(caller.call(hub.get_model("together"), "a", **own).embedding) == 1
        assert count_inputs(server) == [1, 1]


class Model(RuleBasedStateMachine):
    """Any order of joining, closing, delivering and leaving: no call gets what is another's, and none is forgotten."""

    places = Bundle("places")

    def __init__(self) -> None:
        super().__init__()
        self.batches = Batches(max_size=6, max_wait=1.0)
        self.now = 0.0
        self.left: set[int] = set()
        self.all: list[Place] = []
        self.wakes: dict[int, int] = {}

    @rule(target=places, key=st.sampled_from("ab"), size=st.integers(1, 5))
    def join(self, key: str, size: int) -> Any:
        place = self.batches.join(key, [(key, len(self.all), n) for n in range(size)], self.now)
        place.listen(lambda: self.wakes.__setitem__(id(place), 1))
        self.all.append(place)
        return place

    @rule(place=places)
    def send(self, place: Place) -> None:
        if place.leads and not place.done and id(place) not in self.left:
            group = self.batches.close(place.batch)
            assert group[0] is place
            self.batches.deliver(group, [list(each.inputs) for each in group])

    @rule(place=consumes(places))
    def leave(self, place: Place) -> None:
        self.batches.leave(place)
        self.batches.leave(place)
        self.left.add(id(place))

    @invariant()
    def nobody_gets_what_is_anothers(self) -> None:
        for place in self.all:
            assert not place.done or place.outcome == list(place.inputs)

    @invariant()
    def each_batch_has_one_who_sends(self) -> None:
        for place in self.all:
            if not place.done and id(place) not in self.left:
                leaders = [other for other in place.batch.places if other.leads and not other.done]
                assert len(leaders) == 1
                assert place.batch.count() <= 6


Model.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestBatches = Model.TestCase


def test_a_place_whose_loop_is_closed_is_passed_over() -> None:
    batches = Batches(4, 1.0)
    first, second, third = (batches.join("k", [n], 0.0) for n in range(3))

    def closed() -> None:
        raise RuntimeError("Event loop is closed")

    second.listen(closed)
    batches.leave(first)
    assert (second.leads, third.leads) == (True, True)
    assert batches.close(third.batch) == [third]


def test_threads_that_join_at_once() -> None:
    batches, places, lock = Batches(7, 0.0), [], threading.Lock()

    def join(n: int) -> None:
        place = batches.join("k", [n], 0.0)
        with lock:
            places.append(place)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(join, range(700)))
    assert sorted(place.inputs[0] for batch in {place.batch for place in places} for place in batch.places) == [
        *range(700)
    ]
    assert all(place.batch.count() <= 7 for place in places)
