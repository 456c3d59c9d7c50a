"""Rows survive processes that are killed, files that are locked, and databases that are away; no call fails for it."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelhub import ModelHubError, ModelRegistry
from modelhub.stores import usage_database
from modelhub.stores.usage_stores import open_database, parse_usage
from modelhub.testing import MockServer
from modelhub.usage import observer

from ..model_servers.chosen import needs
from ..model_servers.postgres_server import run_postgres

WRITER = Path(__file__).with_name("writer.py")


def read_tags(store: str) -> list[str]:
    """The tags of all rows, each row with one."""
    database = open_database(parse_usage(store), 30)
    rows = database.use(lambda base: base.execute("SELECT tags FROM calls").fetchall())
    database.close()
    return [json.loads(tags)[0] for (tags,) in rows]


def test_nothing_is_lost_by_a_kill(server: MockServer, store: str) -> None:
    """Of four programs that write at the same time one is killed: every call that had returned has its row."""
    arguments = [sys.executable, str(WRITER), server.url, store]
    writers = [
        subprocess.Popen([*arguments, f"w{n}", "1000000" if n == 0 else "15"], stdout=subprocess.PIPE, bufsize=0)
        for n in range(4)  # without a buffer, of which communicate() would not know
    ]
    returned: list[str] = []
    first = writers[0]
    assert first.stdout is not None
    try:
        returned += [first.stdout.readline().decode().strip() for _ in range(10)]
        first.kill()
        for writer in writers:
            returned += writer.communicate(timeout=120)[0].decode().split()
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
            assert writer.stdout is not None
            writer.stdout.close()
    assert [writer.returncode for writer in writers] == [-9, 0, 0, 0]
    rows = read_tags(store)
    assert len(returned) >= 55
    assert set(returned) <= set(rows)
    assert len(rows) == len(set(rows))
    assert len(set(rows) - set(returned)) <= 1  # the one that was under way


@pytest.fixture
def make(server: MockServer) -> Iterator[Callable[[str], ModelRegistry]]:
    """Makes registries whose calls are kept in a store."""
    hubs: list[ModelRegistry] = []

    def make(store: str) -> ModelRegistry:
        args = {"base_url": f"{server.url}/v1"}
        config = {"config_name": "m", "model_type": "openai_chat", "api_key": "any", "client_args": args}
        hubs.append(ModelRegistry(config, observers=[f"usage:{store}"]))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_locked_file(
    make: Callable[[str], ModelRegistry], tmp_path: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    store = str(tmp_path / "usage.db")
    model = make(store).get_model("m")

    def ask(tag: str) -> None:
        if way == "sync":
            assert model("hello", tags=[tag]).text
        else:
            assert asyncio.run(model.acall("hello", tags=[tag])).text

    ask("before")
    base = sqlite3.connect(store, isolation_level=None)
    base.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with caplog.at_level(logging.WARNING, "modelhub"):
        for number in range(3):
            ask(f"locked {number}")
    assert time.monotonic() - began < 60  # each is held up by a second at most: see the next test
    assert [record.getMessage().split(" now")[0] for record in caplog.records] == [
        f"calls cannot be written to the usage store sqlite:{store}"
    ]
    assert base.execute("SELECT count(*) FROM calls").fetchone() == (1,)
    base.execute("COMMIT")
    base.close()
    ask("after")
    assert sorted(read_tags(store)) == ["after", "before", "locked 0", "locked 1", "locked 2"]


def test_a_call_waits_for_a_second_at_most() -> None:
    assert observer._PATIENCE + usage_database.PATIENCE <= 1


def test_many_threads_and_tasks_wait_for_one_that_writes(make: Callable[[str], ModelRegistry], tmp_path: Path) -> None:
    store = str(tmp_path / "usage.db")
    model = make(store).get_model("m")

    async def ask_all() -> None:
        await asyncio.gather(*(model.acall("hello", tags=[f"task {number}"]) for number in range(16)))

    threads = [threading.Thread(target=model, args=("hello",), kwargs={"tags": [f"t {n}"]}) for n in range(16)]
    threads.append(threading.Thread(target=lambda: asyncio.run(ask_all())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(read_tags(store))) == 32


def test_no_file_can_be_made(
    make: Callable[[str], ModelRegistry], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    hub = make(str(tmp_path / "file" / "usage.db"))
    for _ in range(3):
        assert hub.get_model("m")("hello").text
    assert len(caplog.records) == 1
    (tmp_path / "file").unlink()
    assert hub.usage("config")[0]["calls"] == 3


def test_a_file_of_another_program_is_left_alone(make: Callable[[str], ModelRegistry], tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE calls (mine)")
    base.close()
    before = path.read_bytes()
    assert make(str(path)).get_model("m")("hello").text
    assert path.read_bytes() == before


def test_rows_that_wait_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from .test_usage import tell

    monkeypatch.setattr(observer, "MOST", 5)
    told = observer.build_observer(str(tmp_path / "a file" / "usage.db"))
    (tmp_path / "a file").write_text("")
    for number in range(8):
        tell(told, float(number))
    (tmp_path / "a file").unlink()
    told.close()
    database = open_database(told.address)
    rows = database.use(lambda base: base.execute("SELECT time FROM calls ORDER BY time").fetchall())
    assert rows == [(float(number),) for number in range(3, 8)]
    database.close()


def test_a_database_that_says_nothing(make: Callable[[str], ModelRegistry], caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        hub = make(f"postgresql://me:s3cret@127.0.0.1:{mute.getsockname()[1]}/costs")
        for _ in range(2):
            assert hub.get_model("m")("hello").text
        (record,) = caplog.records
        assert record.getMessage().endswith("TimeoutError: it does not answer in time")
        assert "s3cret" not in record.getMessage()


@needs("postgres")
def test_postgres_goes_away(make: Callable[[str], ModelRegistry], caplog: pytest.LogCaptureFixture) -> None:
    with run_postgres() as url:
        hub = make(url)
        hub.get_model("m")("hello", tags=["there"])
        assert [row["calls"] for row in hub.usage()] == [1]
    with caplog.at_level(logging.WARNING, "modelhub"):
        for _ in range(3):
            assert hub.get_model("m")("hello", tags=["away"]).text
    (record,) = caplog.records
    assert "postgresql://127.0.0.1" in record.getMessage()
    assert "s3cret" not in record.getMessage()
    with pytest.raises(ModelHubError, match=r"the usage store postgresql://127.0.0.1:.* cannot be read"):
        hub.usage()


@needs("postgres")
def test_a_locked_table_of_postgres(make: Callable[[str], ModelRegistry], postgres: str) -> None:
    import psycopg

    model = make(postgres).get_model("m")
    model("hello", tags=["before"])
    with psycopg.connect(postgres) as base:
        base.execute("LOCK TABLE modelhub.calls IN ACCESS EXCLUSIVE MODE")
        for number in range(2):
            assert model("hello", tags=[f"locked {number}"]).text
    model("hello", tags=["after"])
    assert {"after", "before", "locked 0", "locked 1"} <= set(read_tags(postgres))
