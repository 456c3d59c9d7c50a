"""The rules of a shared limiter: as Python alone, and as the script in a real Redis, which must say the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.policies.limits import Limits
from modelhub.stores.shared_rules import RULES, list_keys
from modelhub.stores.shared_words import build_place, build_release

from ..model_servers.chosen import needs
from ..model_servers.redis_server import RedisServer
from .limiter_model import Model

NAMES = [f"holder {n}" for n in range(6)]
NUMBERS = [
    Limits(concurrency=2),
    Limits(concurrency=1, rpm=6),
    Limits(concurrency=3, tpm=600, rpm=60, burst=2),
    Limits(tpm=60),
    Limits(rpm=0.5),
]
limits = st.sampled_from(NUMBERS)
names = st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("acquire"), names, limits, st.sampled_from([0, 1, 40, 1e6, math.nan])),
    st.tuples(st.just("acquire"), names, limits, st.sampled_from([0, 1, 40, 1e6, math.nan])),
    st.tuples(st.just("place"), names, limits, st.sampled_from([0, 40, 1e6])),
    st.tuples(st.just("release"), names, limits, st.sampled_from([0, 7, 500, math.inf, math.nan, -3]), st.booleans()),
    st.tuples(st.just("renew"), st.lists(names, max_size=3)),
    st.tuples(st.just("hold"), st.floats(0.001, 20)),
    st.tuples(st.just("wait"), st.one_of(st.floats(0, 0.5), st.floats(0, 12), st.floats(-100, 100))),
)


def put_in_words(step: Sequence[Any]) -> list[str]:
    match step:
        case ("acquire" | "place" as verb, name, numbers, tokens):
            return [verb, "10.0", "5.0", name, build_place(numbers, tokens)]
        case ("release", name, numbers, used, sent):
            release = build_release(numbers, name, used, sent, 0.0)
            return ["release", "10.0", "5.0", name, release.used, release.sent]
        case ("renew", several):
            return ["renew", "10.0", "5.0", *several]
    return ["hold", "10.0", "5.0", repr(step[1])]


@settings(deadline=None)
@given(st.lists(steps, max_size=60))
def test_nobody_has_more_than_it_asks_for(taken: list[Any]) -> None:
    time = [1e9]
    model = Model(lambda: time[0])
    for step in taken:
        if step[0] == "wait":
            time[0] += step[1]
            continue
        was = set(model.leases)
        ahead = list(model.line)
        answer = model.run(*put_in_words(step))
        if step[0] == "acquire":
            assert 0 <= answer <= 2
            assert (answer == 0) == (step[1] in model.leases) != (step[1] in model.line)
            if step[1] in model.leases and step[1] not in was:
                most = step[2].concurrency
                assert most is None or len(model.leases) <= most
                # whoever stood before it could have begun with it
                before = ahead[: ahead.index(step[1])] if step[1] in ahead else ahead
                room = [model.line[name].most for name in before if name in model.line]
                assert all(len(model.leases) - 1 + n < place for n, place in enumerate(room, 1) if place < 1e15)


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 5), st.booleans()), min_size=1, max_size=80))
def test_requests_never_pass_the_rate(taken: list[tuple[float, int, bool]]) -> None:
    time = [1e9]
    model = Model(lambda: time[0])
    begun: list[float] = []
    for number, (seconds, _, leave) in enumerate(taken):
        time[0] += seconds
        answer = model.run(*put_in_words(("acquire", f"n{number}", Limits(rpm=60, burst=3), 0)))
        if answer == 0:
            begun.append(time[0])
        elif leave:
            model.run(*put_in_words(("release", f"n{number}", Limits(rpm=60, burst=3), 0, False)))
    for first in range(len(begun)):
        for last in range(first, len(begun)):
            assert last - first + 1 <= 3 + (begun[last] - begun[first]) + 1e-3


@settings(deadline=None)
@given(
    st.lists(limits, min_size=1, max_size=12),
    st.floats(0, 5),
    st.lists(st.floats(0, 1), min_size=1),
)
def test_all_that_go_on_asking_get_in_and_in_order(asking: list[Limits], hold: float, stays: list[float]) -> None:
    """Each asks when it was told to; an attempt takes some seconds. Equal numbers are served in order."""
    time = [1e9]
    model = Model(lambda: time[0])
    if hold:
        model.run("hold", "10.0", "5.0", repr(hold))
    events = [(1e9 + n / 1000, n, "ask") for n in range(len(asking))]
    order = []
    while events:
        events.sort()
        time[0], number, what = events.pop(0)
        if what == "end":
            model.run(*put_in_words(("release", str(number), asking[number], 0, True)))
            continue
        wait = model.run(*put_in_words(("acquire", str(number), asking[number], 1)))
        if wait:
            events.append((time[0] + wait, number, "ask"))
        else:
            order.append(number)
            events.append((time[0] + stays[number % len(stays)], number, "end"))
        assert time[0] < 1e9 + 12 * 130
    assert sorted(order) == list(range(len(asking)))
    if not any(each.concurrency for each in asking):  # places that depend on the clock alone: no guesses
        assert order == sorted(order)


class Scripted:
    """The script in a real Redis, whose clock the test moves."""

    def __init__(self, url: str, clock: str = "cjson.decode(redis.call('GET', 'test:time'))") -> None:
        import redis

        self.client = redis.Redis.from_url(url)
        self.client.flushall()
        self.run_script = self.client.register_script(RULES.replace("redis.call('TIME')", clock))
        self.keys = list_keys("rules")

    def run(self, time: float, words: Sequence[str]) -> float:
        self.client.set("test:time", f"[{int(time)}, {round(time % 1 * 1e6)}]")
        return float(self.run_script(keys=self.keys, args=list(words)))

    def list_names(self) -> tuple[set[str], list[str]]:
        leases, line = self.keys[1:3]
        return (
            {name.decode() for name in self.client.zrange(leases, 0, -1)},
            [name.decode() for name in self.client.zrange(line, 0, -1)],
        )


@needs("redis")
@settings(max_examples=300, deadline=None)
@given(taken=st.lists(steps, min_size=1, max_size=40))
def test_the_script_says_the_same(real_redis: RedisServer, taken: list[Any]) -> None:
    script = Scripted(real_redis.url)
    time = [1e9]
    model = Model(lambda: int(time[0]) + round(time[0] % 1 * 1e6) / 1e6)
    try:
        for step in taken:
            if step[0] == "wait":
                time[0] += step[1]
                continue
            words = put_in_words(step)
            assert script.run(time[0], words) == pytest.approx(model.run(*words), abs=2e-5)
            assert script.list_names() == (set(model.leases), list(model.line))
            state = {key.decode(): float(value) for key, value in script.client.hgetall(script.keys[0]).items()}
            for field in ("now", "requests", "tokens", "held", "stay"):
                assert state[field] == pytest.approx(getattr(model, field), abs=2e-5), field
            counts = [script.client.zcard(key) for key in script.keys[1:4]]
            assert counts[1] == counts[2] and script.client.hlen(script.keys[4]) == counts[0] + counts[1]
            left = [script.client.ttl(key) for key in script.keys if script.client.exists(key)]
            assert all(60 <= each <= 864000 for each in left)
    finally:
        script.client.close()


@needs("redis")
@pytest.mark.parametrize("gone", range(5))
def test_a_part_that_was_evicted_holds_nobody_up(real_redis: RedisServer, gone: int) -> None:
    """A process dies that holds a lease, and one that waits; then Redis throws a key away to make room."""
    script = Scripted(real_redis.url)
    numbers = Limits(concurrency=1, rpm=600, tpm=600)
    time = 1e9
    script.run(time + 1000, put_in_words(("acquire", "first", numbers, 1)))
    script.run(time, put_in_words(("release", "first", numbers, 1, True)))  # the clock was set back
    for name in ("a", "b"):
        script.run(time, put_in_words(("acquire", name, numbers, 1)))
    script.client.delete(script.keys[gone])
    while script.run(time, put_in_words(("acquire", "c", numbers, 1))):
        time += 0.1
    assert time < 1e9 + 10.2
    assert script.list_names() == ({"c"}, [])
    script.client.close()


STORIES: dict[str, tuple[list[tuple[float, str, float]], list[bool]]] = {
    "tokens of those ahead count": (
        [(0, "a", 40), (0, "b", 40), (1, "b", 40), (1, "a", 40)],
        [False, False, False, True],
    ),
    "who is gone leaves the others in order": (
        [(0, "a", 40), (0, "b", 40), (0, "c", 40), (3, "b", 40), (3, "c", 40), (6, "c", 40), (6, "b", 40)],
        [False, False, False, False, False, False, True],
    ),
}


@needs("redis")
@pytest.mark.parametrize("story", STORIES)
def test_stories(real_redis: RedisServer, story: str) -> None:
    """Who may begin when; all wait half a second at first."""
    script = Scripted(real_redis.url)
    asked, answers = STORIES[story]
    script.run(1e9, ["hold", "10.0", "5.0", "0.5"])
    model = Model(lambda: time)
    time = 1e9
    model.run("hold", "10.0", "5.0", "0.5")
    for (seconds, name, tokens), answer in zip(asked, answers, strict=True):
        time = 1e9 + seconds
        words = put_in_words(("acquire", name, Limits(tpm=60), tokens))
        assert (script.run(time, words) == 0) == (model.run(*words) == 0) == answer, (seconds, name)
    script.client.close()


@pytest.mark.parametrize(
    ("numbers", "tokens", "place"),
    [
        (Limits(), 5, "1000000000000000.0 0.0 1000000000000000.0 0.0 1000000000000000.0"),
        (Limits(concurrency=8, rpm=60), 5, "8.0 1.0 59.0 0.0 1000000000000000.0"),
        (Limits(concurrency=8, rpm=60, burst=3), 5, "8.0 1.0 2.0 0.0 1000000000000000.0"),
        (Limits(rpm=0.5, tpm=60), 5, "1000000000000000.0 120.0 0.0 5.0 55.0"),
        (Limits(rpm=60, tpm=60), 1e9, "1000000000000000.0 1.0 59.0 60.0 0.0"),  # a bucket full, and no more
        (Limits(rpm=60, tpm=60), math.nan, "1000000000000000.0 1.0 59.0 0.0 60.0"),
    ],
)
def test_what_is_asked_for(numbers: Limits, tokens: float, place: str) -> None:
    assert build_place(numbers, tokens) == place


@needs("redis")
def test_a_long_line_does_not_hold_up_redis(real_redis: RedisServer) -> None:
    script = Scripted(real_redis.url)
    numbers = Limits(rpm=60_000)
    script.run(1e9, ["hold", "10.0", "5.0", "1.0"])
    for n in range(1000):
        assert script.run(1e9, put_in_words(("acquire", f"n{n}", numbers, 1))) > 0
    assert script.run(1e9 + 1, put_in_words(("acquire", "n300", numbers, 1))) == 2
    assert script.run(1e9 + 1, put_in_words(("acquire", "n255", numbers, 1))) == 0
    script.client.close()
