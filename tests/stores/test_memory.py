"""The store in memory against the plainest one that does the same: a list, searched from its end."""

from __future__ import annotations

import timeit
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from modelhub.stores.memory import MemoryStore

KEYS = st.sampled_from("abcdef")


class Reference:
    """What a store of so many entries has to find; the entry that was used last stands last."""

    def __init__(self, max_entries: int) -> None:
        self.max_entries = max_entries
        self.entries: list[tuple[str, bytes, float]] = []

    def get(self, key: str, now: float) -> bytes | None:
        found = [entry for entry in self.entries if entry[0] == key]
        self.entries = [entry for entry in self.entries if entry[0] != key]
        if not found or found[0][2] <= now:
            return None
        self.entries += found
        return found[0][1]

    def put(self, key: str, value: bytes, now: float, expires: float) -> None:
        if expires > now:
            self.entries = [entry for entry in self.entries if entry[0] != key] + [(key, value, expires)]
            self.entries = self.entries[-self.max_entries :]


class Compare(RuleBasedStateMachine):
    """Does the same to both."""

    @initialize(max_entries=st.integers(1, 5))
    def begin(self, max_entries: int) -> None:
        self.now = 0.0
        self.reference = Reference(max_entries)
        self.store = MemoryStore(max_entries)

    @rule(key=KEYS, value=st.binary(max_size=3), ttl=st.sampled_from([-1.0, 0.0, 1.0, 2.0, float("inf")]))
    def put(self, key: str, value: bytes, ttl: float) -> None:
        for store in (self.reference, self.store):
            store.put(key, value, self.now, self.now + ttl)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        assert self.store.get(key, self.now) == self.reference.get(key, self.now)

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0, -1.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def is_not_too_large(self) -> None:
        if hasattr(self, "store"):
            assert len(self.store) == len(self.reference.entries) <= self.reference.max_entries


Compare.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestCompare: Any = Compare.TestCase


def test_many_entries_cost_no_more_than_few() -> None:
    def measure(size: int) -> float:
        store = MemoryStore(size)
        for n in range(size):
            store.put(str(n), b"x", 0.0, 10.0)

        def work() -> None:
            for n in range(200):
                store.put(f"new {n}", b"x", 0.0, 10.0)
                store.get(str(size // 2 + n), 1.0)

        return min(timeit.repeat(work, number=1, repeat=7))

    assert measure(100_000) < 20 * measure(1000)  # by searching it would be a hundred times as long
