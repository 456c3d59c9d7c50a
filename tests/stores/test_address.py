"""Texts of stores: what each means, and what is said of those that mean none; passwords are never shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.errors import PluginError
from modelhub.stores import open_store, parse_address

SECRET = "hunter2secret"
SHOWN = {
    "memory": "memory",
    " Memory ": "memory",
    "redis://localhost": "redis://localhost:6379/0",
    "redis://": "redis://localhost:6379/0",
    "redis://:6380": "redis://localhost:6380/0",
    "redis://cache.internal:6380/3": "redis://cache.internal:6380/3",
    "rediss://cache.internal/1": "rediss://cache.internal:6379/1",
    "REDIS://h": "redis://h:6379/0",
    "redis://[::1]:7000/2": "redis://[::1]:7000/2",
    f"redis://:{SECRET}@h:1/0": "redis://h:1/0",
    f"redis://user:{SECRET}@h": "redis://h:6379/0",
    f"redis://{SECRET}@h": "redis://h:6379/0",
    f"redis://h/0?password={SECRET}": "redis://h:6379/0",
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.items())
def test_what_is_shown(text: str, shown: str) -> None:
    address = parse_address(text)
    assert address.shown == shown
    assert SECRET not in repr(address)
    assert (SECRET in text) is (SECRET in address.secrets)


def test_a_password_is_known_as_it_is_written_and_as_it_is() -> None:
    assert parse_address("redis://:p%40ss@h").secrets == ("p%40ss", "p@ss")


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert parse_address("sqlite:cache.db") == parse_address(f"sqlite:{tmp_path}/cache.db")
    assert parse_address("sqlite:./cache.db") == parse_address("sqlite:cache.db")
    assert parse_address("SQLite:a b#?%.db").place == str(tmp_path / "a b#?%.db")
    assert parse_address("sqlite:../other/cache.db").place == str(tmp_path / "../other/cache.db")
    if sys.platform != "win32":
        assert parse_address("sqlite:~/cache.db").place == "/home/me/cache.db"
        assert parse_address("sqlite:~nobody-has-this-name/c.db").place == str(tmp_path / "~nobody-has-this-name/c.db")


WRONG = {
    "": "a store is missing: write memory, sqlite:PATH, redis://host:port/db",
    "  ": "a store is missing",
    "memori": "there is no store 'memori': did you mean memory?",
    "memory:": "write memory",
    "memory://": "write memory",
    "sqllite:cache.db": "there is no store 'sqllite': did you mean sqlite?",
    "sqlite3:cache.db": "did you mean sqlite?",
    "rediz://h": "did you mean redis?",
    "disk": "there is no store 'disk': write memory, sqlite:PATH, redis://host:port/db",
    "/var/cache.db": "write memory, sqlite:PATH",
    "memcached://h": "there is no store 'memcached': write memory",
    "sqlite": "needs the path of a file: sqlite:cache.db",
    "sqlite:": "needs the path of a file",
    "sqlite::memory:": "a store in memory is written as memory",
    "sqlite:///cache.db": "without slashes behind the colon: sqlite:cache.db, sqlite:/a/b.db",
    "sqlite:a\0b": "a NUL character",
    "redis": "with two slashes: redis://localhost:6379/0",
    "redis:h:6379": "with two slashes: redis://localhost:6379/0",
    "redis://h:port/0": "cannot be read: write it as redis://localhost:6379/0",
    "redis://h:99999/0": "cannot be read",
    "redis://[::1/0": "cannot be read",
    "redis://h/first": "the database of the store redis is a number",
    "rediss://h/-1": "the database of the store rediss is a number: rediss://localhost:6379/0",
    f"redis://:{SECRET}/x@h:1/0": "in a password write / as %2F",
    f"redis://:{SECRET}#x@h:1/0": "# as %23",
    f"redis://{SECRET}?x@h:1/0": "? as %3F",
    "redis://h/0#x": "has a # in it",
    f"redsi://:{SECRET}@h": "did you mean redis?",
    f"{SECRET}@host:6379": "there is no store 'host'",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        open_store(text)
    assert WRONG[text] in str(caught.value) and SECRET not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None  # which may quote a password


@given(st.text() | st.text().map("redis://".__add__) | st.text().map("sqlite:".__add__))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError as error:
        assert str(error)
    else:
        assert address.shown.isprintable()
        assert parse_address(text) == address


@given(st.text("abc%/@:#?[]", min_size=1, max_size=8))
def test_no_password_is_shown(word: str) -> None:
    secret = f"XYZ{word}XYZ"
    for text in (f"redis://:{secret}@h:1/0", f"redis://user:{secret}@h:1/0", f"rediss://{secret}@h"):
        try:
            shown = repr(parse_address(text))
        except ValueError as error:
            shown = str(error)
        assert "XYZ" not in shown.upper(), (text, shown)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: Any = None
    monkeypatch.setitem(sys.modules, "redis", missing)
    monkeypatch.delitem(sys.modules, "modelhub.stores.redis", raising=False)
    with pytest.raises(PluginError) as caught:
        open_store(f"redis://:{SECRET}@h:1/0")
    assert "the store redis://h:1/0 needs the library redis: pip install redis" in str(caught.value)
    assert SECRET not in str(caught.value)
