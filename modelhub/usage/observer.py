"""The observer ``usage``: keeps a row for each call in a database, before the call returns."""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from typing import Any

from modelhub.events import CallEnded, CallStarted, Event
from modelhub.locks import Lock
from modelhub.stores.outages import Outage, Outages
from modelhub.stores.usage_stores import open_database, parse_usage
from modelhub.usage.report import read_report
from modelhub.usage.rows import COLUMNS, Row, build_row
from modelhub.usage.since import Since

MOST = 10_000  # rows that wait for a database that fails; the oldest make room
_PATIENCE = 0.5  # seconds to wait for another thread that writes
_INSERT = (
    f"INSERT INTO calls ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    " ON CONFLICT (call_id) DO NOTHING"
)
_FAILED = "calls cannot be written to the usage store %s now, and go on; their rows are kept and written later: %s: %s"


def build_observer(text: str | None = None) -> Usage:
    """The observer; ``text`` says where rows are kept: a path, or a postgresql:// address."""
    return Usage(text)


class Usage:
    """Keeps a row for each call in the database that ``text`` names, else in that of $MODELHUB_USAGE or the usual one.

    A row is committed before its call returns. While the database is locked or cannot be reached, rows wait in this
    process, and calls go on; they are tried again with each call. A composite has no row: its targets have theirs.
    """

    blocking = True

    def __init__(self, text: str | None = None) -> None:
        self.address = parse_usage(text)
        self._database = open_database(self.address)
        self._outage = Outage()
        self._outages = Outages(self.address, _FAILED, self._outage)
        self._began: dict[str, float] = {}
        self._wholes: set[str] = set()  # calls whose parts have rows
        self._waiting: deque[Row] = deque(maxlen=MOST)
        self._gate = Lock()

    def __call__(self, event: Event) -> None:
        """Keep the call, if ``event`` is its end."""
        if type(event) is CallStarted:
            self._began[event.call_id] = event.started
            if event.parent_id is not None:
                self._wholes.add(event.parent_id)
        elif type(event) is CallEnded:
            began = self._began.pop(event.call_id, None)
            if event.call_id in self._wholes:
                self._wholes.discard(event.call_id)
            elif not event.composite:
                self._waiting.append(build_row(event, time.time() if began is None else began))
                self.flush()

    def flush(self) -> None:
        """Write the rows that wait, if that is possible now.

        One thread writes those of all; the others wait for it, as long as it may take.
        """
        if not self._gate.take(_PATIENCE):
            return
        try:
            while self._waiting:
                rows = list(self._waiting)
                self._database.use(partial(_insert, rows), hurry=self._outage.ongoing)
                for _ in rows:
                    self._waiting.popleft()
                self._outages.succeed(self._outage)
        except Exception as error:
            self._outages.fail(self._outage, time.monotonic(), error)
        finally:
            self._gate.release()

    def list_usage(self, by: str, since: Since) -> list[dict[str, Any]]:
        """What the calls in the database have used; see ``read_report``."""
        self.flush()
        return read_report(self.address, by, since)

    def close(self) -> None:
        """Write what waits, and close the database."""
        self.flush()
        self._database.close()


def _insert(rows: list[Row], base: Any) -> None:
    if len(rows) == 1:
        base.execute(_INSERT, rows[0])
        return
    base.execute("BEGIN")
    for row in rows:
        base.execute(_INSERT, row)
    base.execute("COMMIT")
