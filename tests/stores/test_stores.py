"""What every store does, whatever it keeps its entries in."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelhub.policies.storing import Store
from modelhub.stores import Stores, open_store

VALUES = [b"", b"x", bytes(range(256)), b"a" * 1_000_000]


def test_what_is_put_is_found(store: Store) -> None:
    assert store.get("0", 100.0) is None
    for n, value in enumerate(VALUES):
        store.put(str(n), value, 100.0, 200.0)
    assert [store.get(str(n), 100.0) for n in range(len(VALUES))] == VALUES
    store.put("0", b"new", 100.0, 200.0)
    assert store.get("0", 100.0) == b"new"


@pytest.mark.parametrize(
    ("expires", "now", "found"),
    [(110.0, 109.9, True), (110.0, 110.0, False), (110.0, 1e9, False), (math.inf, 1e12, True), (100.0, 100.0, False)],
)
def test_entries_expire(store: Store, expires: float, now: float, found: bool) -> None:
    store.put("a", b"1", 100.0, expires)
    assert store.get("a", now) == (b"1" if found else None)


def test_what_has_expired_already_replaces_nothing(store: Store) -> None:
    store.put("a", b"1", 100.0, 200.0)
    store.put("a", b"2", 100.0, 99.0)
    assert store.get("a", 100.0) == b"1"


def test_a_closed_store_finds_nothing(place: str, caplog: pytest.LogCaptureFixture) -> None:
    store = open_store(place)
    store.put("a", b"1", 100.0, 200.0)
    store.close()
    store.close()
    store.put("b", b"1", 100.0, 200.0)
    assert (store.get("a", 100.0), store.get("b", 100.0)) == (None, None)
    assert not caplog.records


def test_a_store_that_was_never_asked_can_be_closed(place: str) -> None:
    open_store(place).close()


def test_what_others_keep_is_found_unless_it_is_in_their_memory(place: str) -> None:
    one, other = open_store(place), open_store(place)
    one.put("a", b"1", 100.0, 200.0)
    found = None if place == "memory" else b"1"
    assert other.get("a", 100.0) == found
    one.close()
    assert other.get("a", 100.0) == found
    other.close()


def test_threads(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    def work(n: int) -> bool:
        found = True
        for m in range(30):
            key = f"{n % 4} {m}"
            store.put(key, key.encode() * 50, 100.0, 200.0)
            found &= store.get(key, 100.0) == key.encode() * 50
        return found

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert not caplog.records


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_uses_it(store: Store) -> None:
    store.put("a", b"1", 100.0, 200.0)
    child = os.fork()
    if not child:
        try:
            store.put("b", b"2", 100.0, 200.0)
            right = (store.get("a", 100.0), store.get("b", 100.0)) == (b"1", b"2")
            store.close()
            os._exit(0 if right else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.put("c", b"3", 100.0, 200.0)
    assert (store.get("a", 100.0), store.get("c", 100.0)) == (b"1", b"3")


def test_only_memory_may_be_asked_in_an_event_loop(store: Store, place: str) -> None:
    assert store.blocking is (place != "memory")


def test_a_registry_shares_what_has_the_same_place(place: str) -> None:
    stores = Stores()
    one = stores.open(place)
    assert stores.open(f" {place} ") is one
    one.put("a", b"1", 100.0, 200.0)
    stores.close()
    assert one.get("a", 100.0) is None
    stores.close()


def test_a_store_does_not_keep_a_program_alive(store: Store) -> None:
    before = threading.active_count()
    store.put("a", b"1", 100.0, 200.0)
    assert [thread for thread in threading.enumerate()[before:] if not thread.daemon] == []


def test_real_time(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """What a server drops by its own clock is gone as well."""
    caplog.set_level(logging.DEBUG, "modelhub")
    now = time.time()
    store.put("a", b"1", now, now + 3600)
    store.put("b", b"1", now, now + 0.001)
    store.put("c", b"1", now, now + 1e10)
    found = [store.get(key, time.time() + 0.002) is not None for key in "abc"]
    assert found == [True, False, True]
    assert not caplog.records
