"""Copies on disk: whole or none, for their owner alone; and the pauses while a centre fails."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelhub import ModelRegistry
from modelhub.centres.copies import build_copy, describe_age, find_path, parse_copy, read_copy, write_copy
from modelhub.centres.pause import LONGEST, SHORTEST, Backoff

from .web_server import HttpServer

A = "- {config_name: a, model_type: openai_chat, model_name: m}\n"


@given(st.binary(max_size=200), st.floats(0, 1e11))
def test_a_copy_comes_back(content: bytes, saved: float) -> None:
    copy = parse_copy(build_copy(content, saved))
    assert copy is not None
    assert (copy.content, abs(copy.saved - saved) < 0.001) == (content, True)


@given(st.binary(max_size=60), st.data())
def test_a_broken_copy_is_none(content: bytes, data: st.DataObject) -> None:
    """Cut, with a byte more, or with another byte in its text."""
    whole = build_copy(content, 1.0)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert parse_copy(whole[:cut]) is None
    assert parse_copy(whole + b"\0") is None
    start = whole.index(b"\n") + 1
    if content:
        at = start + data.draw(st.integers(0, len(content) - 1))
        assert parse_copy(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_no_file_there_breaks_anything(cache: Path, data: bytes) -> None:
    path = find_path("etcd://h/k")
    assert path is not None and path.parent == cache
    cache.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert read_copy("etcd://h/k") is None


def test_it_is_for_its_owner_alone(cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    before = os.umask(0)
    try:
        write_copy("https://u:hunter2@h/m.yaml", b"text", 1.0)
    finally:
        os.umask(before)
    (path,) = cache.iterdir()
    assert (path.stat().st_mode & 0o777, cache.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "hunter2" not in path.name
    assert read_copy("https://u:hunter2@h/m.yaml") == (b"text", 1.0)
    assert read_copy("https://u:hunter3@h/m.yaml") is None
    write_copy("https://u:hunter2@h/m.yaml", b"more", 2.0)
    assert [each.name for each in cache.iterdir()] == [path.name], "nothing is left beside it"


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for named in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", named)
        path = find_path("a")
        assert path is not None and path.parent == tmp_path / ".cache" / "modelhub"


def test_a_disk_that_cannot_be_written(
    plain_web: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    plain_web.put("m.yaml", A)
    hub = ModelRegistry(plain_web.find_address("m.yaml"))
    hub.reload()
    assert hub.names() == ["a"]
    assert caplog.text.count("no copy of http://localhost") == 1


def test_of_two_writers_one_wins(cache: Path) -> None:
    write_copy("a", b"one", time.time())
    (cache / ".left-behind.tmp").write_text("half")
    write_copy("a", b"two", time.time())
    copy = read_copy("a")
    assert copy is not None and copy.content == b"two"


AGES = {-5: "0 seconds", 1: "1 second", 59: "59 seconds", 60: "1 minute", 7200: "2 hours", 86400 * 3.9: "3 days"}


@pytest.mark.parametrize("seconds", AGES)
def test_ages(seconds: float) -> None:
    assert describe_age(seconds) == AGES[seconds]


@given(st.lists(st.booleans(), max_size=60))
def test_pauses(events: list[bool]) -> None:
    """They double from a second to half a minute while it fails, and begin anew once it works."""
    backoff, failures = Backoff(), 0
    for works in events:
        if works:
            backoff.end()
            failures = 0
        else:
            assert backoff.fail() == min(SHORTEST * 2.0**failures, LONGEST)
            failures += 1
