"""A shared limiter without a Redis: what it says and when, and that an outage costs nothing but the sharing."""

from __future__ import annotations

import gc
import logging
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.errors import PluginError
from modelhub.policies.limits import Limits
from modelhub.stores import open_limiter, parse_address
from modelhub.stores.shared_limiter import SharedLimiter

from .limiter_model import Model, ModelScript

ADDRESS = parse_address("redis://user:hunter2secret@h:1/0")


class Shop:
    """Limiters over one model, each as if in a process of its own."""

    def __init__(self) -> None:
        self.model = Model(time.monotonic)
        self.now = 100.0
        self.made: list[SharedLimiter] = []

    def open(self, limits: Limits, lease: float = 30.0) -> tuple[SharedLimiter, ModelScript]:
        script = ModelScript(self.model)
        limiter = SharedLimiter(limits, "group", ADDRESS, lease=lease, clock=lambda: self.now, build=lambda: script)
        self.made.append(limiter)
        return limiter, script


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    for limiter in shop.made:
        limiter.close()
        limiter.wait_closed(5)


def wait_until(true: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_two_processes_share_and_are_served_in_order(shop: Shop) -> None:
    one, _ = shop.open(Limits(concurrency=2))
    other, _ = shop.open(Limits(concurrency=2))
    assert one.acquire("a") == other.acquire("a") == 0  # a name is one process's own
    assert other.acquire("b") > 0 and one.acquire("b") > 0
    one.release("a")
    assert one.acquire("b") > 0 and other.acquire("b") == 0
    other.release("a")
    assert one.acquire("b") == 0


def test_who_leaves_the_line_holds_nobody_up(shop: Shop) -> None:
    one, _ = shop.open(Limits(concurrency=1))
    assert one.acquire("a") == 0
    assert one.acquire("b") > 0 and one.acquire("c") > 0
    one.release("b", sent=False)
    one.release("a")
    assert one.acquire("c") == 0


def test_who_stops_asking_loses_its_place(shop: Shop) -> None:
    one, _ = shop.open(Limits(concurrency=1))
    other, _ = shop.open(Limits(concurrency=1))
    one.acquire("a")
    assert other.acquire("dead") > 0 and one.acquire("c") > 0
    one.release("a")
    real = shop.model.clock
    shop.model.clock = lambda: real() + 4
    assert one.acquire("c") > 0
    shop.model.clock = lambda: real() + 5.5
    assert one.acquire("c") == 0


@pytest.mark.parametrize(
    ("used", "left"), [(0, 1.0), (30, 0.5), (90, 0.0), (math.nan, 0.25), (1e300, 0.25), (-1, 0.25)]
)
def test_tokens_are_settled(shop: Shop, used: float, left: float) -> None:
    limiter, _ = shop.open(Limits(tpm=60))
    shop.model.clock = lambda: 1e6
    assert limiter.acquire("a", 45) == 0
    limiter.release("a", used)
    if used == 90:  # a debt: a minute's worth and a half was used
        assert shop.model.tokens == 1e6 + 90
    else:
        assert shop.model.tokens == 1e6 + 60 * (1 - left)


def test_what_was_not_sent_is_no_request(shop: Shop) -> None:
    limiter, _ = shop.open(Limits(rpm=1))
    for _ in range(3):
        assert limiter.acquire("a") == 0
        limiter.release("a", sent=False)
    assert limiter.acquire("a") == 0
    limiter.release("a")
    assert limiter.acquire("a") > 0


def test_a_hold_holds_all(shop: Shop) -> None:
    one, _ = shop.open(Limits(concurrency=5))
    other, _ = shop.open(Limits(concurrency=5))
    one.hold(0.2)
    for nothing in (0.0, -1.0, math.nan, math.inf):
        other.hold(nothing)
    assert 0.1 < other.acquire("a") <= 0.2
    wait_until(lambda: other.acquire("a") == 0)


def test_one_wrong_reply_keeps_nobody_out_for_longer_than_an_hour(shop: Shop) -> None:
    limiter, _ = shop.open(Limits(tpm=60))
    shop.model.clock = lambda: 1e6
    assert limiter.acquire("a", 1) == 0
    limiter.release("a", 1e11)
    limiter.hold(1e300)
    assert shop.model.tokens == shop.model.held == 1e6 + 3600


def test_numbers_that_disagree(shop: Shop) -> None:
    """The smallest numbers are waited for, and nobody passes its own."""
    wide, _ = shop.open(Limits(concurrency=3))
    narrow, _ = shop.open(Limits(concurrency=1))
    assert [wide.acquire(n) for n in range(2)] == [0, 0]
    assert narrow.acquire("n") > 0
    assert wide.acquire(2) > 0  # it does not pass
    wide.release(0)
    assert narrow.acquire("n") > 0
    wide.release(1)
    assert narrow.acquire("n") == 0
    assert wide.acquire(2) == 0


class TestOutage:
    """Redis cannot be asked."""

    @pytest.mark.parametrize("error", [OSError("hunter2secret\nx"), RuntimeError("?"), ValueError(), ConnectionError()])
    def test_everyone_may_begin_and_it_is_told_once(
        self, shop: Shop, error: Exception, caplog: pytest.LogCaptureFixture
    ) -> None:
        limiter, script = shop.open(Limits(concurrency=1))
        script.fault = error
        for n in range(50):
            assert limiter.acquire(n) == 0
            limiter.hold(3)
            limiter.release(n)
        (record,) = caplog.records
        assert (record.levelno, record.exc_info) == (logging.WARNING, None)
        message = record.getMessage()
        start = "the limits in redis://h:1/0 cannot be shared, and this process keeps to its own: "
        assert message.startswith(start + type(error).__name__)
        assert "hunter2secret" not in message and "\n" not in message

    def test_an_answer_that_is_no_number_is_an_outage(self, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
        limiter, script = shop.open(Limits(concurrency=1))
        script.run = lambda *words: None  # type: ignore[method-assign]
        assert limiter.acquire("a") == 0
        assert len(caplog.records) == 1

    def test_it_is_tried_again_and_shared_again(self, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
        limiter, script = shop.open(Limits(concurrency=1))
        script.fault = OSError()
        assert limiter.acquire("a") == 0
        assert script.dropped == 1
        script.fault = None
        assert limiter.acquire("b") == 0 and not script.said
        shop.now += 1
        assert limiter.acquire("c") == 0 and script.said
        assert limiter.acquire("d") > 0

    def test_who_waits_when_it_begins_may_begin(self, shop: Shop) -> None:
        limiter, script = shop.open(Limits(concurrency=1))
        assert limiter.acquire("a") == 0
        assert limiter.acquire("b") > 0
        script.fault = OSError()
        assert limiter.acquire("b") == 0
        assert limiter.acquire("c") == 0

    def test_what_was_held_before_is_released_after_it(self, shop: Shop) -> None:
        limiter, script = shop.open(Limits(concurrency=2))
        assert limiter.acquire("a") == limiter.acquire("b") == 0
        script.fault = OSError()
        limiter.release("a")
        limiter.release_soon("b")
        assert limiter.acquire("c") == 0  # nothing was said of it, so that nothing must be taken back
        script.fault = None
        assert len(shop.model.leases) == 2
        shop.now += 1
        wait_until(lambda: not shop.model.leases)
        limiter.release("c")
        assert len([words for words in script.said if words[0] == "release"]) == 2

    def test_a_reply_that_is_lost_leaves_no_lease_behind(self, shop: Shop) -> None:
        limiter, script = shop.open(Limits(concurrency=1))

        def lose() -> None:
            raise TimeoutError

        script.after = lose
        assert limiter.acquire("a") == 0
        assert len(shop.model.leases) == 1
        script.after = bool
        limiter.release("a")
        shop.now += 1
        wait_until(lambda: not shop.model.leases)

    @given(
        st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from(["acquire", "release", "soon", "hold", "fault"])), max_size=40
        )
    )
    def test_it_never_raises_and_all_comes_back(self, steps: list[tuple[int, str]]) -> None:
        shop = Shop()
        limiter, script = shop.open(Limits(concurrency=1))
        for holder, step in steps:
            shop.now += 0.7
            if step == "fault":
                script.fault = None if script.fault else OSError()
            elif step == "hold":
                limiter.hold(1e-6)
            elif step == "acquire":
                assert limiter.acquire(holder) >= 0
            else:
                {"release": limiter.release, "soon": limiter.release_soon}[step](holder)
        script.fault = None
        shop.now += 60
        for holder in range(4):
            limiter.release(holder)
        limiter.close()
        limiter.wait_closed(5)
        assert not shop.model.leases and not shop.model.line
        assert limiter._script is None or script.closed


class TestHeartbeat:
    """The thread that renews leases."""

    def test_leases_live_as_long_as_they_are_held(self, shop: Shop) -> None:
        limiter, script = shop.open(Limits(concurrency=1), lease=0.15)
        other, _ = shop.open(Limits(concurrency=1))
        assert limiter.acquire("a") == 0
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            assert other.acquire("b") > 0
        assert sum(words[0] == "renew" for words in script.said) >= 5
        limiter.release("a")
        assert other.acquire("b") == 0

    def test_it_ends_when_nothing_is_held(self, shop: Shop) -> None:
        limiter, script = shop.open(Limits(concurrency=1), lease=0.1)
        assert limiter._thread is None
        for _ in range(2):
            limiter.acquire("a")
            thread = limiter._thread
            assert thread is not None and thread.daemon
            limiter.release("a")
            thread.join(5)
            assert limiter._thread is None
        assert len(script.said) == 4

    def test_a_holder_that_died(self, shop: Shop) -> None:
        dead, script = shop.open(Limits(concurrency=1), lease=0.2)
        other, _ = shop.open(Limits(concurrency=1))
        dead.acquire("a")
        script.fault = OSError()
        began = time.monotonic()
        wait_until(lambda: other.acquire("b") == 0)
        assert 0.1 < time.monotonic() - began < 0.5

    def test_a_program_with_too_many_threads_shares_nothing(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        limiter, script = shop.open(Limits(concurrency=1))

        def fail(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", fail)
        assert [limiter.acquire(n) for n in range(3)] == [0, 0, 0]
        assert not script.said


@pytest.mark.parametrize("moment", ["before", "after"])
def test_released_while_it_asks(shop: Shop, moment: str) -> None:
    """A call that is cancelled while a thread asks for it holds nothing, whichever Redis hears first."""
    limiter, script = shop.open(Limits(concurrency=1))

    def cancel() -> None:
        script.before = script.after = bool
        limiter.release_soon("a")
        if moment == "before":
            wait_until(lambda: any(words[0] == "release" for words in script.said))

    setattr(script, moment, cancel)
    limiter.acquire("a")
    wait_until(lambda: not shop.model.leases)
    assert limiter.acquire("b") == 0
    limiter.release("b")


def test_a_name_that_comes_again_is_another_attempt(shop: Shop) -> None:
    limiter, script = shop.open(Limits(concurrency=1))
    limiter.acquire("a")
    script.before = lambda: time.sleep(0.01)
    for _ in range(10):
        limiter.release_soon("a")
        wait_until(lambda: limiter.acquire("a") == 0)
        assert len(shop.model.leases) == 1
    limiter.release("a")
    limiter.release("a")
    limiter.release("never")
    wait_until(lambda: not shop.model.leases and not shop.model.line)


def test_a_finalizer_releases_at_any_moment(shop: Shop) -> None:
    """Objects that are collected in the middle of any step release what they hold."""
    limiter, _ = shop.open(Limits(concurrency=10_000), lease=0.01)

    class Held:
        def __init__(self, name: int) -> None:
            self.name, self.me = name, self
            limiter.acquire(name)

        def __del__(self) -> None:
            limiter.release_soon(self.name)

    before = gc.get_threshold()
    gc.set_threshold(3)
    try:
        for n in range(500):
            Held(n)
    finally:
        gc.set_threshold(*before)
    gc.collect()
    wait_until(lambda: not shop.model.leases)


def test_interrupted(shop: Shop) -> None:
    limiter, script = shop.open(Limits(concurrency=1))
    script.fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        limiter.acquire("a")
    script.fault = None
    limiter.release("a")
    assert limiter.acquire("b") == 0


def test_closed(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    limiter, script = shop.open(Limits(concurrency=1))
    assert limiter.acquire("a") == 0 and limiter.acquire("b") > 0
    limiter.close()
    limiter.close()
    limiter.wait_closed(5)
    assert not shop.model.leases and not shop.model.line and script.closed
    said = len(script.said)
    assert [limiter.acquire(name) for name in ("b", "c")] == [0, 0]
    limiter.release("b")
    limiter.release_soon("c")
    limiter.hold(1)
    assert len(script.said) == said and not caplog.records


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_process_leaves_its_parents_leases_alone(shop: Shop) -> None:
    built = []

    def build() -> ModelScript:
        built.append(ModelScript(shop.model))
        return built[-1]

    limiter = SharedLimiter(Limits(concurrency=2), "group", ADDRESS, lease=0.3, build=build)
    shop.made.append(limiter)
    assert limiter.acquire("a") == 0 and limiter.acquire("b") == 0
    child = os.fork()
    if child == 0:
        code = 1
        try:
            limiter.release("a")
            limiter.release_soon("b")
            fine = len(built) == 1 and limiter._thread is None and limiter._script is None and not limiter._names
            fine = fine and limiter.acquire("a") > 0 and len(shop.model.leases) == 2 and limiter._thread is not None
            limiter.close()
            limiter.wait_closed(5)
            fine = fine and {words[0] for words in built[1].said} == {"acquire", "release"}
            fine = fine and len(shop.model.leases) == 2
            code = 0 if fine else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert len(shop.model.leases) == 2 and len(built) == 1


@pytest.mark.parametrize("store", ["sqlite:a.db", "nonsense"])
def test_stores_that_hold_no_limits(store: str) -> None:
    with pytest.raises(ValueError, match=r"limits are kept in memory|there is no store"):
        open_limiter(Limits(concurrency=1, store=store), "gpt")


def test_opened_by_its_text(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    assert open_limiter(Limits(concurrency=1), "gpt") is None
    store = f"redis://127.0.0.1:{unused_port}/0"
    keys: list[Any] = []
    monkeypatch.setattr("modelhub.stores.shared_limiter.list_keys", lambda key: keys.append(key) or (key,) * 5)
    for limits in (Limits(store=store), Limits(store=store, group="org")):
        limiter = open_limiter(limits, "gpt")
        assert limiter is not None and limiter.acquire("a") == 0
        limiter.close()
    assert keys == ["gpt", "org"]


def test_the_library_is_imported_where_nobody_is_held_up() -> None:
    code = """
import sys
from modelhub.policies.limits import Limits
from modelhub.stores import open_limiter
limiter = open_limiter(Limits(rpm=1, store="redis://127.0.0.1:1"), "gpt")
limiter.release_soon("a")
limiter.close()
print("redis" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n" and not done.stderr


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(PluginError, match=r"needs the library redis: pip install redis"):
        open_limiter(Limits(store="redis://:hunter2secret@h"), "gpt")
