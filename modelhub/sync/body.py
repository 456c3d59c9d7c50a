"""The open body of a reply, read piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http.client import HTTPException, HTTPResponse, IncompleteRead
from time import monotonic
from typing import Any

from urllib3 import exceptions as pool_exceptions

from modelhub.engine.connection_errors import out_of_time
from modelhub.engine.interruptions import find_interruption
from modelhub.errors import ModelCallError
from modelhub.overriding import override
from modelhub.sync.connections import SHUTTABLE
from modelhub.sync.faults import translate
from modelhub.sync.replies import StrictResponse
from modelhub.sync.watch import Watch, Watches
from modelhub.wire import Request

CHUNK = 65536
FAILURES = (OSError, pool_exceptions.HTTPError, HTTPException)  # OSError: those of requests and of Python itself


class Body:
    """An open body, read piece by piece."""

    def __init__(self, raw: Any, request: Request) -> None:
        self._raw = raw
        self._request = request
        self._read, self._source = _find_reader(raw)
        self._begun = False

    def read(self) -> bytes:
        """The next bytes, ``b""`` at the end."""
        try:
            data: bytes = self._read(CHUNK)
            if not data and self._source is not None and self._source.length:
                raise IncompleteRead(data, self._source.length)
            self._begun = True
            return data
        except FAILURES as error:
            coding = self._raw.headers.get("content-encoding", "")
            raise translate(error, self._request, coding=coding, begun=self._begun) from None

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


class WatchedBody(Body):
    """An open body that must have come before the time of its ``watch`` is over."""

    def __init__(self, raw: Any, request: Request, watch: Watch, watches: Watches) -> None:
        super().__init__(raw, request)
        self._watch = watch
        self._watches = watches

    @override
    def read(self) -> bytes:
        try:
            data = super().read()
        except ModelCallError:
            if not self._watch.is_over:
                raise
        else:
            if not self._watch.is_over:
                return data
        raise out_of_time()

    @override
    def give_back(self) -> None:
        self._watches.end(self._watch)
        super().give_back()

    @override
    def close(self) -> None:
        self._watches.end(self._watch)
        super().close()


def wait_for_body(request: Request, response: Any, until: float) -> None:
    """Wait for the first byte of a body ``until`` then at most; the waits after it are those of ``request.timeout``."""
    raw = response.raw
    source, sock = getattr(raw, "_fp", None), getattr(raw.connection, "connected", None)
    if sock is None or not isinstance(source, HTTPResponse) or source.length == 0 or source.fp is None:
        return
    sock.settimeout(max(until - monotonic(), 0.001))
    source.fp.peek(1)
    sock.settimeout(request.timeout)


def _find_reader(raw: Any) -> tuple[Callable[[int], bytes], HTTPResponse | None]:
    """A function that returns the next bytes of an open body, and http.client's response where it is that one's.

    Where nothing is compressed http.client is asked directly: urllib3's own ``read1`` costs more per chunk of a stream
    than everything else that is done with it.
    """
    source = getattr(raw, "_fp", None)
    if not isinstance(source, HTTPResponse) or raw.headers.get("content-encoding"):
        return partial(raw.read1, decode_content=True), None
    return source.read1, source
