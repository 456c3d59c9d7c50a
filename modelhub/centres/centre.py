"""One address as one registry reads it: the text that is known, whoever has asked for it last."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import replace
from typing import Literal

from modelhub.centres.address import Address
from modelhub.centres.answers import NoText, OutOfReach, Refused, Text
from modelhub.centres.connection import Connection
from modelhub.centres.copies import describe_age, read_copy, write_copy
from modelhub.centres.opening import open_connection
from modelhub.errors import ConfigError, Problem
from modelhub.locks import Lock

# start: asked, and out of reach the copy on disk serves; fresh: asked; held: what is known; again: asked, and out of
# reach what is known
Asking = Literal["start", "fresh", "held", "again"]


class Centre:
    """The source behind one address. ``last`` is what came of it last, a text or a refusal; threads may share it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.last: Text | Refused | None = None
        self._text: Text | None = None  # the last one, whatever came after it
        self._lock = Lock()
        self._open: set[Connection] = set()
        self._given: Hashable = None  # which answer was handed out last
        self._is_copy = False  # whether what is known comes from the disk
        self._kept: str | None = None  # the digest of what is on disk
        self._closed = False

    def fingerprint(self) -> Hashable:
        """What tells the version that is known from all others."""
        last = self.last
        return None if last is None else last.digest

    def folders(self) -> tuple[str, ...]:
        """None: it is not on a disk."""
        return ()

    @property
    def is_fresh(self) -> bool:
        """Whether what is known was a text of the centre's own, and not the copy on disk."""
        return isinstance(self.last, Text) and not self._is_copy

    @property
    def given(self) -> Hashable:
        """The fingerprint of what was read last."""
        return self._given

    def read(self, asking: Asking) -> tuple[bytes | None, list[Problem]]:
        """Its text, None if there is none, and what there is to say about it."""
        shown = self.address.shown
        problems: list[Problem] = []
        content = None
        try:
            text = self._find(asking, problems)
            content, self._given = text.content, text.digest
        except NoText as error:
            problems.append(Problem("MH101", error.message, error.hint, shown))
            if isinstance(error, Refused):
                self._given = error.digest
        except ConfigError as error:  # of a reference in the address
            problems += [replace(each, file=shown, path=()) for each in error.problems]
        if self.address.is_exposed:
            hint = "write ${NAME} in its place, and set that variable"
            problems.append(
                Problem("MH401", "the address holds a secret in plain text", hint, shown, severity="warning")
            )
        return content, problems

    def ask(self, connection: Connection) -> Text:
        """Ask over a connection, and keep what comes of it; raises Refused and OutOfReach."""
        try:
            text = connection.ask(self._text)
        except Refused as error:
            self._keep(error)
            raise
        self._keep(text)
        return text

    def keep(self) -> None:
        """Keep the text on disk, which has been put in use; a failure is logged."""
        text = self.last
        if not isinstance(text, Text) or self._is_copy or text.digest == self._kept:
            return
        if text.digest != self._given:  # it is newer than what is in use
            return
        try:
            write_copy(self.address.written, text.content, time.time())
        except OSError as error:
            import logging  # only programs without a disk to write to need it

            what = "no copy of %s can be kept on disk for a start without it: %s"
            logging.getLogger("modelhub").warning(what, self.address.shown, error.strerror or error)
        self._kept = text.digest

    def close(self) -> None:
        """Have those who ask just now come back at once; what is asked later is asked all the same."""
        self._closed = True
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.close()

    def _find(self, asking: Asking, problems: list[Problem]) -> Text:
        last = self.last
        if last is not None and (asking == "held" or (asking == "again" and self._closed)):
            return _take(last)
        try:
            return self._ask_once()
        except OutOfReach as error:
            if last is not None and asking == "again":
                return _take(last)
            copy = read_copy(self.address.written) if asking == "start" else None
            if copy is None:
                raise
            age = describe_age(time.time() - copy.saved)
            message = f"the source is out of reach, so its last good copy on this machine serves, {age} old: {error}"
            problems.append(Problem("MH101", message, error.hint, self.address.shown, severity="warning"))
            self.last = self._text = text = Text(copy.content)
            self._is_copy = True
            return text

    def _ask_once(self) -> Text:
        connection = open_connection(self.address)
        with self._lock:
            self._open.add(connection)
        try:
            return self.ask(connection)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _keep(self, answer: Text | Refused) -> None:
        with self._lock:
            self.last = answer
            self._is_copy = False
            if isinstance(answer, Text):
                self._text = answer


def _take(answer: Text | Refused) -> Text:
    if isinstance(answer, Refused):
        raise answer
    return answer
