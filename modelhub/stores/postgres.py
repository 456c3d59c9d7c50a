"""Usage in PostgreSQL, which is asked in a thread of its own, so that no silence of it holds up a call."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar, cast

import psycopg
from psycopg import conninfo

from modelhub.locks import Lock

T = TypeVar("T")
_SCHEMA = "modelhub"
_CREATE = (
    f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}",
    "CREATE TABLE IF NOT EXISTS calls (call_id text PRIMARY KEY, time double precision NOT NULL,"
    " config_name text NOT NULL, model_type text NOT NULL, model text NOT NULL, task text NOT NULL,"
    " prompt_tokens bigint, completion_tokens bigint, cached_tokens bigint, cache_write_tokens bigint, images bigint,"
    " cost double precision, currency text, error text, seconds double precision NOT NULL, attempts bigint NOT NULL,"
    " cached bigint NOT NULL, tags text NOT NULL)",
    "CREATE INDEX IF NOT EXISTS calls_by_time ON calls (time)",
    "CREATE TABLE IF NOT EXISTS budgets (name text NOT NULL, period text NOT NULL, usd double precision NOT NULL,"
    " tokens bigint NOT NULL, PRIMARY KEY (name, period))",
)
_MAKING = 0x6D687573  # the lock of who makes the tables
_TIMEOUTS = {"connect_timeout": "10", "tcp_user_timeout": "5000", "keepalives_idle": "30"}


class PostgresDatabase:
    """The tables of usage in the schema ``modelhub`` of a database; they are made when something is first kept."""

    quarters = "floor(time / 900)::bigint"

    def __init__(self, url: str, patience: float) -> None:
        self._url = url
        self._patience = patience
        self._lock = Lock()
        self._asking: _Asking | None = None

    def use(self, work: Callable[[Any], T], *, hurry: bool = False) -> T:
        """What ``work`` returns; raises psycopg.Error, and TimeoutError for what takes too long and may yet be done."""
        return self._ask(lambda base: work(_Translating(base)), needs_tables=True)

    def exists(self) -> bool:
        """Whether the tables are there."""
        return self._ask(_has_tables)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            asking, self._asking = self._asking, None
        if asking is not None:
            asking.questions.put(None)
            if asking.pid == os.getpid():
                asking.thread.join(self._patience)

    def _ask(self, work: Callable[[psycopg.Connection[Any]], T], needs_tables: bool = False) -> T:
        with self._lock:
            if self._asking is None or self._asking.pid != os.getpid():  # a thread does not survive a fork
                self._asking = _Asking(self._url, self._patience)
            asking = self._asking
        question = _Question(work, needs_tables)
        asking.questions.put(question)
        if not question.done.wait(self._patience):
            question.is_wanted = False
            raise TimeoutError("it does not answer in time")
        if question.error is not None:
            raise question.error
        return cast("T", question.answer)


class _Question:
    """Something to do with a connection, and what came of it."""

    def __init__(self, work: Callable[[psycopg.Connection[Any]], Any], needs_tables: bool) -> None:
        self.work = work
        self.needs_tables = needs_tables
        self.is_wanted = True
        self.done = threading.Event()
        self.answer: Any = None
        self.error: Exception | None = None


class _Asking:
    """A thread with a connection, which is made anew after each failure."""

    def __init__(self, url: str, patience: float) -> None:
        self.pid = os.getpid()
        self.questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._url = url
        self._patience = patience
        self._base: psycopg.Connection[Any] | None = None
        self._has_tables = False
        self.thread = threading.Thread(target=self._answer_all, name="modelhub-usage", daemon=True)
        self.thread.start()

    def _answer_all(self) -> None:
        while (question := self.questions.get()) is not None:
            try:
                if self._base is None:
                    self._base = psycopg.connect(_add_timeouts(self._url), autocommit=True)
                    self._base.execute(cast(Any, f"SET statement_timeout = {max(int(self._patience * 1000), 1)}"))
                    self._base.execute(f"SET search_path TO {_SCHEMA}")
                if question.is_wanted and question.needs_tables and not self._has_tables:
                    _make_tables(self._base)
                    self._has_tables = True
                if question.is_wanted:
                    question.answer = question.work(self._base)
            except Exception as error:
                question.error = error
                self._close()
            question.done.set()
        self._close()

    def _close(self) -> None:
        if self._base is not None:
            with suppress(psycopg.Error):
                self._base.close()
            self._base = None


class _Translating:
    """Executes SQL in which ``?`` stands for a value."""

    def __init__(self, base: psycopg.Connection[Any]) -> None:
        self._base = base

    def execute(self, query: str, values: Sequence[Any] = ()) -> Any:
        """A cursor with what ``query`` gives."""
        return self._base.execute(cast(Any, query.replace("?", "%s")), values)


def _add_timeouts(url: str) -> str:
    """What to connect with: what the address says, and how long to wait where it does not say so."""
    said = conninfo.conninfo_to_dict(url)
    return conninfo.make_conninfo("", **(_TIMEOUTS | said))


def _has_tables(base: psycopg.Connection[Any]) -> bool:
    row = base.execute("SELECT to_regclass(%s)", (f"{_SCHEMA}.calls",)).fetchone()
    return row is not None and row[0] is not None


def _make_tables(base: psycopg.Connection[Any]) -> None:
    """Make the tables if they are not there; of several programs that want to, one does."""
    if _has_tables(base):
        return
    with base.transaction():
        base.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        for statement in _CREATE:
            base.execute(cast(Any, statement))
