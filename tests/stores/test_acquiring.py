"""Waiting for a shared limiter: in order, by the clock it is given, and never in the event loop's thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from modelhub.aio import AioDriver
from modelhub.engine.effects import Invoke, Sleep
from modelhub.policies.acquiring import acquired
from modelhub.policies.limits import Limits
from modelhub.stores import parse_address
from modelhub.stores.shared_limiter import SharedLimiter
from modelhub.sync import SyncDriver
from modelhub.testing import VirtualClock

from .fake_redis import FakeRedis
from .limiter_model import Model, ModelScript


class World:
    """One limiter whose server and waiters live by a clock that the test moves."""

    def __init__(self, limits: Limits, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock(1e6)
        self.model = Model(self.clock if clock is None else time.time)
        self.script = ModelScript(self.model)
        address = parse_address("redis://h:1/0")
        self.shared = SharedLimiter(limits, "g", address, clock=self.clock, build=lambda: self.script)

    def wait(self, holder: str, until: float = float("inf"), tokens: float = 0) -> Any:
        return acquired(self.shared, holder, tokens, self.clock, until)

    def run(self, flow: Any) -> Any:
        return SyncDriver(sleep=self.clock.sleep).run(flow)

    def settle(self) -> None:
        """Wait until the thread has said everything."""
        end = time.monotonic() + 5
        while not self.shared._owed.empty() or self.shared._names or self.model.leases or self.model.line:
            assert time.monotonic() < end
            time.sleep(0.002)


@pytest.fixture
def open_world() -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def build(*args: Any) -> World:
        made.append(World(*args))
        return made[-1]

    yield build
    for world in made:
        world.shared.close()
        world.shared.wait_closed(5)


def test_a_free_place_takes_one_question(open_world: Callable[..., World]) -> None:
    world = open_world(Limits(concurrency=1))
    assert world.run(world.wait("a")) == 0
    assert [words[0] for words in world.script.said] == ["acquire"] and not world.clock.slept


def test_it_waits_for_the_bucket(open_world: Callable[..., World]) -> None:
    world = open_world(Limits(rpm=60, burst=1))
    assert [world.run(world.wait(name)) for name in "abc"] == [0, 0, 0]
    assert sum(world.clock.slept) == pytest.approx(2, abs=1e-3)
    assert len(world.script.said) == 5  # nobody asks more often than needed


def test_it_does_not_wait_for_longer_than_it_may(open_world: Callable[..., World]) -> None:
    world = open_world(Limits(concurrency=1))
    assert world.run(world.wait("a")) == 0
    assert world.run(world.wait("b", until=world.clock.now + 3)) > 0
    assert sum(world.clock.slept) == pytest.approx(3)
    assert world.run(world.wait("c", until=world.clock.now)) > 0
    assert sum(world.clock.slept) == pytest.approx(3)
    world.shared.release("a")
    world.settle()


def test_who_may_not_wait_learns_when_a_place_is_likely(open_world: Callable[..., World]) -> None:
    world = open_world(Limits(rpm=6, burst=1))
    assert world.run(world.wait("a")) == 0
    assert world.run(world.wait("b", until=world.clock.now)) == pytest.approx(10)
    world.shared.hold(30)
    assert world.run(world.wait("c", until=world.clock.now)) == pytest.approx(30)
    world.shared.release("a")
    world.settle()


@pytest.mark.parametrize("error", [GeneratorExit, KeyboardInterrupt, asyncio.CancelledError, MemoryError])
@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_who_is_cancelled_leaves_the_line(
    open_world: Callable[..., World], error: type[BaseException], steps: int
) -> None:
    world = open_world(Limits(concurrency=1))
    assert world.run(world.wait("a")) == 0
    flow = world.wait("b")
    effect = next(flow)
    for _ in range(steps):
        assert isinstance(effect, (Invoke, Sleep))
        effect = flow.send(effect.invoke() if isinstance(effect, Invoke) else world.clock.sleep(effect.seconds))
    with pytest.raises(error):
        flow.throw(error)
    world.shared.release("a")
    world.settle()


def test_a_place_that_was_got_in_vain_is_given_back(open_world: Callable[..., World]) -> None:
    """The flow is closed after its call was made, and before it heard of it."""
    world = open_world(Limits(concurrency=1))
    flow = world.wait("a")
    effect = next(flow)
    assert isinstance(effect, Invoke) and effect.invoke() == 0 and world.model.leases
    flow.close()
    world.settle()


def test_a_failing_server_is_no_error(open_world: Callable[..., World]) -> None:
    world = open_world(Limits(concurrency=1))
    world.script.fault = OSError()
    assert [world.run(world.wait(str(n))) for n in range(10)] == [0] * 10
    assert not world.clock.slept


def test_a_line_of_64_asks_seldom(open_world: Callable[..., World]) -> None:
    """64 wait in line for 8 places, each for one second: the words to Redis in a second, by the rules alone."""
    world = open_world(Limits(concurrency=8))
    events = [(0.0, n, "ask") for n in range(72)]
    flows = {n: world.wait(str(n)) for n in range(72)}
    asked = 0
    start = world.clock.now
    begun: list[float] = []
    effects: dict[int, Any] = {n: next(flow) for n, flow in flows.items()}
    while events:
        events.sort()
        at, n, what = events.pop(0)
        world.clock.now = max(world.clock.now, start + at)
        if what == "end":
            world.shared.release(str(n))
            continue
        asked += 1
        hint = effects[n].invoke()
        try:
            pause = flows[n].send(hint)
        except StopIteration:
            begun.append(at)
            events.append((at + 1.0, n, "end"))
        else:
            effects[n] = flows[n].send(None)
            events.append((at + pause.seconds, n, "ask"))
    seconds = begun[-1]
    assert seconds < 8 * 1.25  # 9 rounds of 8: the places are used
    assert asked / seconds < 90


class TestEventLoop:
    """What is awaited."""

    def run(self, main: Any) -> float:
        """Run it; the longest time in which the event loop did nothing else."""
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            last = time.perf_counter()
            while True:
                await asyncio.sleep(0.001)
                now = time.perf_counter()
                longest, last = max(longest, now - last), now

        async def both() -> None:
            watching = asyncio.create_task(watch())
            await main()
            watching.cancel()

        asyncio.run(both())
        return longest

    def test_threads_and_loops_wait_for_each_other(self, open_world: Callable[..., World]) -> None:
        world = open_world(Limits(concurrency=2), VirtualClock())
        flying = most = 0
        here = threading.get_ident()
        places: set[int] = set()
        world.script.before = lambda: places.add(threading.get_ident())

        async def call(n: int) -> None:
            nonlocal flying, most
            driver = AioDriver()
            assert await driver.run(world.wait(f"a{n}")) == 0
            flying += 1
            most = max(most, flying)
            await asyncio.sleep(0.005)
            flying -= 1
            world.shared.release_soon(f"a{n}")

        async def main() -> None:
            await asyncio.gather(*(call(n) for n in range(12)))

        self.run(main)
        assert most == 2 and here not in places
        world.settle()

    def test_cancelled_in_any_state(self, open_world: Callable[..., World]) -> None:
        world = open_world(Limits(concurrency=1), VirtualClock())
        world.script.before = lambda: time.sleep(0.004)

        async def call(n: int) -> None:
            try:
                await AioDriver().run(world.wait(f"a{n}"))
                await asyncio.sleep(0.002)
            finally:
                world.shared.release_soon(f"a{n}")

        async def main() -> None:
            tasks = []
            for n in range(40):
                tasks.append(asyncio.create_task(call(n)))
                await asyncio.sleep(0.001)
                if n >= 3:
                    tasks[n - 3].cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(main)
        world.settle()

    def test_a_server_that_hangs_stops_no_loop(self, fake_redis: FakeRedis, caplog: pytest.LogCaptureFixture) -> None:
        fake_redis.silent = True
        shared = SharedLimiter(Limits(concurrency=1), "g", parse_address(fake_redis.url))

        async def main() -> None:
            first = asyncio.create_task(AioDriver().run(acquired(shared, "a", 0, time.monotonic)))
            cancelled = asyncio.create_task(AioDriver().run(acquired(shared, "b", 0, time.monotonic)))
            await asyncio.sleep(0.05)
            cancelled.cancel()
            assert await first == 0
            shared.release_soon("a")
            shared.close()

        began = time.monotonic()
        longest = self.run(main)
        assert 0.9 < time.monotonic() - began < 10  # the server was waited for, elsewhere
        assert longest < 0.5
        assert len(caplog.records) == 1
        print(f"the event loop was stopped for {longest * 1000:.1f} ms at most")
