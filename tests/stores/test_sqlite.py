"""The store in a file: several processes at once, sudden ends, and files that cannot be used."""

from __future__ import annotations

import gc
import logging
import os
import random
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from modelhub.stores import open_store
from modelhub.stores.sqlite import SQLiteStore

from . import hammer

HAMMER = str(Path(hammer.__file__))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(str(path), 10_000)
    yield store
    store.close()


def count(path: Path) -> int:
    base = sqlite3.connect(path)
    try:
        return int(base.execute("SELECT count(*) FROM answers").fetchone()[0])
    finally:
        base.close()


class Compare(RuleBasedStateMachine):
    """A file against a dict; with so many entries that each is counted."""

    @initialize(max_entries=st.integers(1, 4))
    def begin(self, max_entries: int) -> None:
        self.folder = f"/tmp/modelhub-{os.getpid()}-{random.random()}"
        self.max_entries = max_entries
        self.store = SQLiteStore(f"{self.folder}/cache.db", max_entries)
        self.entries: dict[str, tuple[bytes, float, int]] = {}
        self.now, self.n = 100.0, 0

    @rule(key=st.sampled_from("abcdef"), ttl=st.sampled_from([1.0, 2.0, 2.0, float("inf")]))
    def put(self, key: str, ttl: float) -> None:
        self.n += 1
        value = str(self.n).encode()
        self.store.put(key, value, self.now, self.now + ttl)
        self.entries[key] = value, self.now + ttl, self.n
        self.entries = {k: entry for k, entry in self.entries.items() if entry[1] > self.now}
        too_many = max(len(self.entries) - self.max_entries, 0)
        for gone in sorted(self.entries, key=lambda k: self.entries[k][1:])[:too_many]:
            del self.entries[gone]

    @rule(key=st.sampled_from("abcdef"))
    def get(self, key: str) -> None:
        value, expires, _ = self.entries.get(key, (None, 0.0, 0))
        assert self.store.get(key, self.now) == (value if expires > self.now else None)

    @rule(seconds=st.sampled_from([0.5, 1.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def reopen(self) -> None:
        self.store.close()
        assert self.n == 0 or count(Path(self.folder, "cache.db")) <= self.max_entries

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            for file in Path(self.folder).glob("*"):
                file.unlink()
            if Path(self.folder).exists():
                Path(self.folder).rmdir()


Compare.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestCompare: Any = Compare.TestCase


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = SQLiteStore(str(tmp_path / "a" / "b" / "cache.db"), 10)
        store.put("a", b"1", 100.0, 200.0)
        files = sorted((tmp_path / "a" / "b").iterdir())
        assert [file.name for file in files] == ["cache.db", "cache.db-shm", "cache.db-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        store.close()
    finally:
        os.umask(before)


def test_a_file_that_others_could_read_becomes_the_owners(path: Path, store: SQLiteStore) -> None:
    path.touch(0o644)
    store.put("a", b"1", 100.0, 200.0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_lasts(path: Path, store: SQLiteStore) -> None:
    store.put("a", b"1", 100.0, 200.0)
    store.close()
    assert SQLiteStore(str(path), 10).get("a", 100.0) == b"1"
    gc.collect()  # one that was not closed closes itself


def test_it_does_not_grow_beyond_its_size(path: Path) -> None:
    store = SQLiteStore(str(path), 640)
    for n in range(2000):
        store.put(f"{n:064d}", b"x", 100.0, 200.0)
    assert 640 <= count(path) <= 650
    assert store.get(f"{1999:064d}", 100.0) and not store.get(f"{0:064d}", 100.0)
    for n in range(10):
        store.put(f"new {n}", b"x", 300.0, 400.0)
    assert count(path) <= 10  # what has expired goes first
    store.close()


def run_hammer(path: Path, seed: int, rounds: int) -> subprocess.Popen[str]:
    command = [sys.executable, HAMMER, f"sqlite:{path}", str(seed), str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def check(path: Path) -> int:
    """How many entries there are; AssertionError for a file or an entry that is broken."""
    base = sqlite3.connect(path)
    try:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        entries = base.execute("SELECT key, value FROM answers").fetchall()
    finally:
        base.close()
    assert all(hammer.is_whole(key, value) for key, value in entries)
    return len(entries)


def test_several_processes_at_once(path: Path) -> None:
    """They also make the file at the same time."""
    processes = [run_hammer(path, seed, 400) for seed in range(4)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert said == [""] * 4 and [process.returncode for process in processes] == [0] * 4
    assert check(path) == 104


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL here")
def test_processes_that_are_killed_at_work(path: Path) -> None:
    survivor = run_hammer(path, 0, 1500)
    dice = random.Random(0)
    for seed in range(1, 6):
        victim = run_hammer(path, seed, 10**9)
        store = SQLiteStore(str(path), 200)
        deadline = time.monotonic() + 60
        while store.get(f"of {seed}", 100.0) is None and time.monotonic() < deadline:
            pass
        for n in range(dice.randrange(300)):
            store.get(str(n), 100.0)
        assert victim.poll() is None
        victim.kill()
        victim.communicate(timeout=60)
        store.close()
    assert survivor.communicate(timeout=120)[0] == "" and survivor.returncode == 0
    assert check(path) == 106


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_forked_children_at_work(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The parent has the file open, and threads of it use it, when it forks."""
    store = open_store(f"sqlite:{path}", 200)

    def work(seed: int, ended: Callable[[int], bool]) -> bool:
        dice, n = random.Random(seed), 0
        while not ended(n):
            n, key = n + 1, str(dice.randrange(100))
            store.put(key, hammer.build_value(key, dice.randrange(10_000)), 100.0, 1e9)
            value = store.get(key, 100.0)
            if value is None or not hammer.is_whole(key, value):
                return False
        return True

    over = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        threads = [pool.submit(work, seed, lambda n: over.is_set()) for seed in range(2)]
        children = []
        for seed in range(4):
            child = os.fork()
            if not child:
                try:
                    os._exit(0 if work(seed, lambda n: n == 100) and not caplog.records else 1)
                finally:
                    os._exit(2)
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        over.set()
        assert codes == [0] * 4 and all(thread.result() for thread in threads)
    assert not caplog.records
    store.close()
    assert check(path) > 50


def build_corrupt(path: Path) -> None:
    """A database whose pages, from the second on, are noise."""
    store = SQLiteStore(str(path), 1000)
    for n in range(100):
        store.put(str(n), b"x" * 1000, 100.0, 1e9)
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = random.Random(0).randbytes(len(data) - 4096)
    path.write_bytes(data)


def build_foreign(path: Path) -> None:
    """A database of another program, with a table of the same name."""
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, value, expires)")
    base.execute("INSERT INTO answers VALUES ('a', x'31', 1e9)")
    base.commit()
    base.close()


def build_newer(path: Path) -> None:
    """A file of a later modelhub."""
    store = SQLiteStore(str(path), 10)
    store.put("a", b"1", 100.0, 1e9)
    store.close()
    base = sqlite3.connect(path)
    base.execute("PRAGMA user_version = 2")
    base.close()


BAD_FILES = {
    "text": (lambda path: path.write_text("model_configs: []\n" * 500), "not a database"),
    "short": (lambda path: path.write_bytes(b"SQLite format 3\0"), "not a database"),
    "corrupt": (build_corrupt, "malformed"),
    "foreign": (build_foreign, "another program"),
    "newer": (build_newer, "another version of modelhub (layout 2)"),
    "folder": (lambda path: path.mkdir(), "unable to open"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_files_that_cannot_be_used(path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    build, said = BAD_FILES[kind]
    build(path)
    before = path.read_bytes() if path.is_file() else None
    mode = path.stat().st_mode
    store = open_store(f"sqlite:{path}")
    for n in range(5):
        assert store.get("a", 100.0 + n) is None
        store.put("a", b"1", 100.0 + n, 200.0)
    store.close()
    (record,) = caplog.records
    assert said in record.getMessage() and f"sqlite:{path}" in record.getMessage()
    if before is not None and kind != "corrupt":  # which is ours
        assert path.read_bytes() == before and path.stat().st_mode == mode


BAD_PLACES = {
    "under a file": "file/cache.db",
    "a long name": "x" * 300,
    "a file system without files": "/proc/modelhub/cache.db",
    "read-only": "/proc/version",
}


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="there is no /proc here")
@pytest.mark.parametrize("kind", BAD_PLACES)
def test_places_where_no_file_can_be(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    store = open_store(f"sqlite:{tmp_path / BAD_PLACES[kind]}")
    for n in range(5):
        assert store.get("a", 100.0 + n) is None
        store.put("a", b"1", 100.0 + n, 200.0)
    assert len(caplog.records) == 1
    store.close()


READ_ONLY = """
import logging, os, sys
from modelhub.stores import open_store
logging.basicConfig(format="%(message)s", stream=sys.stdout)
store = open_store(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)
print([store.get("a", 100.0), store.put("a", b"1", 100.0, 200.0)])
"""


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="there are no permissions here")
def test_a_folder_that_is_read_only() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, f"sqlite:{folder}/cache.db"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and "Permission denied" in lines[0] and lines[1] == "[None, None]"


FULL = """
import logging, resource, signal, sys
from modelhub.stores import open_store
logging.basicConfig(format="%(message)s", stream=sys.stdout)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(sys.argv[1])
store.put("a", b"1" * 1000, 100.0, 1e9)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for n in range(20):
    store.put(str(n), b"x" * 50_000, 100.0 + n, 1e9)
print(store.get("a", 200.0) == b"1" * 1000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of files here")
def test_a_disk_that_is_full(path: Path) -> None:
    command = [sys.executable, "-c", FULL, f"sqlite:{path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and lines[0].startswith(f"the store sqlite:{path} fails") and lines[1] == "True"


def test_a_file_that_somebody_has_locked(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "modelhub")
    store = open_store(f"sqlite:{path}")
    store.put("a", b"1", 100.0, 200.0)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    before = time.monotonic()
    for _ in range(20):
        store.put("b", b"1", 100.0, 200.0)
        assert store.get("a", 100.0) == b"1"  # nobody who reads waits for who writes
    assert time.monotonic() - before < 2
    assert ["locked" in record.getMessage() for record in caplog.records] == [True]
    holder.execute("COMMIT")
    holder.close()
    store.put("b", b"2", 102.0, 200.0)
    assert store.get("b", 102.0) == b"2"
    store.close()


def test_a_file_that_vanishes_is_made_again(path: Path, store: SQLiteStore) -> None:
    store.put("a", b"1", 100.0, 200.0)
    store.close()
    path.unlink()
    store.put("b", b"1", 100.0, 200.0)
    assert (store.get("a", 100.0), store.get("b", 100.0)) == (None, b"1")


@pytest.mark.parametrize("name", [":memory:x", "a b", "a?mode=ro", "a#b", "a%20b", "ключ", "file:x", "-x"])
def test_strange_names(tmp_path: Path, name: str) -> None:
    store = SQLiteStore(str(tmp_path / name), 10)
    store.put("a", b"1", 100.0, 200.0)
    store.close()
    assert [file.name for file in tmp_path.iterdir()] == [name]
