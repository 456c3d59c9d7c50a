"""A store that fails costs the hit alone: nothing is raised, one line is logged, and it is left alone for a while."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.stores.address import parse_address
from modelhub.stores.guarded import GuardedStore
from modelhub.stores.outages import LONGEST_PAUSE


class Failing:
    """A store that does what ``reads`` and ``writes`` say: works where they are None, raises what they are."""

    blocking = True

    def __init__(self) -> None:
        self.reads: Exception | None = None
        self.writes: Exception | None = None
        self.asked = 0

    def get(self, key: str, now: float) -> bytes | None:
        self.asked += 1
        if self.reads is not None:
            raise self.reads
        return b"found"

    def put(self, key: str, value: bytes, now: float, expires: float) -> None:
        self.asked += 1
        if self.writes is not None:
            raise self.writes

    def close(self) -> None:
        raise OSError("cannot be closed")


@pytest.fixture
def inside() -> Failing:
    return Failing()


@pytest.fixture
def store(inside: Failing, caplog: pytest.LogCaptureFixture) -> Iterator[GuardedStore]:
    caplog.set_level(logging.DEBUG, "modelhub")
    yield GuardedStore(parse_address("redis://user:hunter2secret@h:1/0"), inside)


def test_one_line_says_what_fails(store: GuardedStore, inside: Failing, caplog: pytest.LogCaptureFixture) -> None:
    inside.reads = inside.writes = OSError("no hunter2secret\nfor sk-q1w2e3r4t5y6u7i8o9p0")
    for n in range(100):
        assert store.get("a", 100.0 + n) is None
        store.put("a", b"1", 100.0 + n, 300.0)
    (record,) = caplog.records
    message = record.getMessage()
    assert (record.name, record.levelno, record.exc_info) == ("modelhub", logging.WARNING, None)
    assert message.startswith("the store redis://h:1/0 fails, and the calls go on without it: OSError: no ***")
    assert "hunter2secret" not in message and "q1w2" not in message and "\n" not in message


def test_it_is_left_alone_for_longer_each_time(store: GuardedStore, inside: Failing) -> None:
    inside.reads = TimeoutError()
    tried = []
    for n in range(2000):
        before = inside.asked
        store.get("a", 100.0 + n / 10)
        if inside.asked > before:
            tried.append(n / 10)
    assert tried == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, *[61.0 + n * LONGEST_PAUSE for n in range(5)]]


def test_it_is_used_again_when_it_works(store: GuardedStore, inside: Failing, caplog: pytest.LogCaptureFixture) -> None:
    for begin in (100.0, 200.0):
        inside.reads = OSError()
        assert [store.get("a", begin), store.get("a", begin + 0.5)] == [None, None]
        inside.reads = None
        assert [store.get("a", begin + 0.9), store.get("a", begin + 1.0), store.get("a", begin + 1.0)] == [
            None,
            b"found",
            b"found",
        ]
    assert len(caplog.records) == 2  # one for each time that it began to fail


def test_one_that_fails_now_and_then_is_one_story(
    store: GuardedStore, inside: Failing, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(20):
        inside.writes = OSError() if n % 2 else None
        store.put("a", b"1", 100.0 + 40 * n, 1e9)
    assert len(caplog.records) == 10  # 80 seconds lie between two failures
    caplog.clear()
    for n in range(20):
        inside.writes = OSError() if n % 2 else None
        store.put("a", b"1", 1000.0 + 10 * n, 1e9)
    assert len(caplog.records) == 1


def test_what_can_be_read_is_read_when_nothing_can_be_written(
    store: GuardedStore, inside: Failing, caplog: pytest.LogCaptureFixture
) -> None:
    inside.writes = OSError(28, "No space left on device")
    for n in range(50):
        store.put("a", b"1", 100.0 + n, 300.0)
        assert store.get("a", 100.0 + n) == b"found"
    assert len(caplog.records) == 1


def test_a_clock_that_is_set_back_holds_nothing_up(store: GuardedStore, inside: Failing) -> None:
    inside.reads = OSError()
    store.get("a", 1e9)
    inside.reads = None
    assert store.get("a", 100.0) == b"found"


def test_what_cannot_be_closed(store: GuardedStore, inside: Failing, caplog: pytest.LogCaptureFixture) -> None:
    store.close()
    store.close()
    store.put("a", b"1", 100.0, 300.0)
    assert store.get("a", 100.0) is None
    assert inside.asked == 0 and len(caplog.records) == 1


@given(st.lists(st.tuples(st.sampled_from(["get", "put", "break", "mend"]), st.floats(0, 100))))
def test_it_never_raises_and_comes_back(steps: list[tuple[str, float]]) -> None:
    inside = Failing()
    store = GuardedStore(parse_address("sqlite:a.db"), inside)
    now = 100.0
    for step, seconds in steps:
        now += seconds
        if step == "get":
            assert store.get("a", now) in (None, b"found")
        elif step == "put":
            store.put("a", b"1", now, now + 1)
        else:
            inside.reads = inside.writes = OSError() if step == "break" else None
    inside.reads = inside.writes = None
    store.get("a", now + LONGEST_PAUSE)
    assert store.get("a", now + LONGEST_PAUSE) == b"found"
