"""A token bucket gives what a slow and exact model of one gives."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.policies.buckets import TokenBucket

CLOSE = 1e-6


class SlowBucket:
    """The level of a bucket in exact numbers."""

    def __init__(self, per_minute: int, burst: int | None) -> None:
        self.capacity = Fraction(per_minute if burst is None else min(per_minute, burst))
        self.rate = Fraction(per_minute, 60)
        self.level = self.capacity
        self.at = Fraction(0)

    def refill(self, now: Fraction) -> None:
        self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
        self.at = now

    def wait(self, amount: int) -> Fraction:
        return max(Fraction(0), (min(Fraction(amount), self.capacity) - self.level) / self.rate)

    def add(self, amount: int) -> None:
        self.level = min(self.capacity, self.level + amount)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 4000).map(lambda quarters: Fraction(quarters, 64)),
        st.sampled_from(["take", "take early", "give back", "settle"]),
        st.integers(0, 150),
        st.integers(0, 300),
    ),
    max_size=40,
)


@given(per_minute=st.integers(1, 120), burst=st.none() | st.integers(1, 150), steps=STEPS)
def test_it_is_as_full_as_an_exact_one(
    per_minute: int, burst: int | None, steps: list[tuple[Fraction, str, int, int]]
) -> None:
    bucket, slow, now = TokenBucket(per_minute, burst), SlowBucket(per_minute, burst), Fraction(0)
    assert bucket.capacity == slow.capacity
    for pause, what, amount, used in steps:
        now += pause
        slow.refill(now)
        assert bucket.wait(amount, float(now)) == pytest.approx(float(slow.wait(amount)), abs=CLOSE)
        if what == "take early":  # without waiting: a debt
            bucket.take(amount, float(now))
            slow.level -= amount
        elif what == "take":
            now += slow.wait(amount)
            slow.refill(now)
            assert bucket.wait(amount, float(now)) < CLOSE
            bucket.take(amount, float(now))
            slow.level -= amount
        elif what == "give back":
            bucket.give_back(amount)
            slow.add(amount)
        else:
            bucket.settle(amount, used, float(now))
            slow.add(amount - used)
        for other in (1, 50, 500):
            assert bucket.wait(other, float(now)) == pytest.approx(float(slow.wait(other)), abs=CLOSE)


@given(
    per_minute=st.integers(1, 6000),
    burst=st.none() | st.integers(1, 100),
    asked=st.lists(st.tuples(st.floats(0, 100), st.integers(1, 200)), max_size=40),
)
def test_no_window_has_more_than_a_bucket_and_its_refill(
    per_minute: int, burst: int | None, asked: list[tuple[float, int]]
) -> None:
    bucket, now, taken = TokenBucket(per_minute, burst), 1e6, []
    for pause, amount in asked:
        amount = min(amount, int(bucket.capacity))
        now += pause
        now += bucket.wait(amount, now)
        bucket.take(amount, now)
        taken.append((now, amount))
    for first in range(len(taken)):
        total = 0
        for at, amount in taken[first:]:
            total += amount
            assert total <= bucket.capacity + (at - taken[first][0]) * per_minute / 60 + 1e-3


@pytest.mark.parametrize(
    ("per_minute", "amounts", "waits"),
    [
        (60, [60, 1, 1], [0, 1, 1]),  # a minute's worth at once, then one a second
        (60, [90, 1], [0, 31]),  # larger than the bucket: it goes when that is full, and leaves a debt
        (60, [1, 90], [0, 1]),
        (0.5, [1, 1, 1], [0, 120, 120]),  # less than one a minute
    ],
)
def test_waits(per_minute: float, amounts: list[int], waits: list[int]) -> None:
    bucket, now = TokenBucket(per_minute), 0.0
    for amount, wait in zip(amounts, waits, strict=True):
        assert bucket.wait(amount, now) == pytest.approx(wait)
        now += bucket.wait(amount, now)
        bucket.take(amount, now)


def test_a_thread_that_comes_late_with_an_earlier_time_gains_nothing() -> None:
    bucket = TokenBucket(60)
    bucket.take(60, 10.0)
    assert bucket.wait(1, 9.5) == pytest.approx(1.5)
    bucket.take(1, 9.5)
    assert bucket.wait(1, 10.0) == pytest.approx(2)
