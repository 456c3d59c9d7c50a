"""The open body of a reply, read piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

from urllib3 import exceptions as pool_exceptions

from modelhub.engine.interruptions import find_interruption
from modelhub.sync.connections import SHUTTABLE
from modelhub.sync.faults import translate
from modelhub.sync.replies import StrictResponse
from modelhub.wire import Request

CHUNK = 65536
FAILURES = (OSError, pool_exceptions.HTTPError, HTTPException)  # OSError: those of requests and of Python itself


class Body:
    """An open body, read piece by piece."""

    def __init__(self, raw: Any, request: Request) -> None:
        self._raw = raw
        self._request = request
        self._read = _reader(raw)

    def read(self) -> bytes:
        """The next bytes, ``b""`` at the end."""
        try:
            return self._read()
        except FAILURES as error:
            raise translate(error, self._request, coding=self._raw.headers.get("content-encoding", "")) from None

    def give_back(self) -> None:
        """Return the connection of a body that has ended, if its framing ends promptly too; else close it."""
        raw = self._raw
        source = getattr(raw, "_fp", None)
        if isinstance(source, StrictResponse) and source.is_clean():
            raw.release_conn()
            return
        connection = raw.connection
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(0.2)
        try:
            for _ in range(16):
                if not raw.read1(CHUNK, decode_content=True):
                    raw.release_conn()
                    return
        except FAILURES as error:
            interruption = find_interruption(error)
            if interruption is not None:
                raise interruption from None
        raw.close()

    def close(self) -> None:
        """Close the connection, whatever is still to come."""
        self._raw.close()

    def shut(self) -> None:
        """Have a thread that waits in ``read`` come back from it; the thread itself closes the body."""
        connection = self._raw.connection
        if isinstance(connection, SHUTTABLE):
            connection.shut()


def _reader(raw: Any) -> Callable[[], bytes]:
    """A function that returns the next bytes of an open body, ``b""`` at its end.

    Where nothing is compressed it reads from http.client directly: urllib3's own ``read1`` costs more per chunk of
    a stream than everything else that is done with it.
    """
    source = getattr(raw, "_fp", None)
    if not isinstance(source, HTTPResponse) or raw.headers.get("content-encoding"):
        return lambda: raw.read1(CHUNK, decode_content=True)

    def read() -> bytes:
        data = source.read1(CHUNK)
        if not data and source.length:
            raise IncompleteRead(data, source.length)
        return data

    return read
