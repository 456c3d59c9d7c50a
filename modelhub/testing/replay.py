"""The third driver: serves calls with recorded replies, without sockets and without waiting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from multidict import CIMultiDict

from modelhub.aio import AioDriver
from modelhub.engine import connection_errors
from modelhub.engine.parsing import too_large
from modelhub.overriding import override
from modelhub.sync import SyncDriver
from modelhub.testing.clock import VirtualClock, VirtualDrivers
from modelhub.wire import Reply, Request


class Replay(VirtualDrivers):
    """Connections that answer with recordings, sync and async alike: ``model.drivers = Replay(exchanges)``.

    An exchange is a dict with ``status``, ``headers``, ``body`` (text) or ``chunks`` (texts, as they came), and
    ``end``: ``abrupt`` for a reply that broke off, ``reset_before`` for none at all. Half characters in chunks are
    written as surrogate escapes. ``cut`` re-cuts streams into pieces of so many bytes. ``requests`` holds what was
    sent, ``delays`` how many seconds a real driver would have paused before each, ``clock`` the time that has passed
    so. Raises AssertionError when the recordings run out.
    """

    def __init__(
        self, exchanges: Sequence[Mapping[str, Any]], *, cut: int | None = None, clock: VirtualClock | None = None
    ) -> None:
        super().__init__(clock)
        self.requests: list[Request] = []
        self.delays: list[float] = []
        self._exchanges = iter(exchanges)
        self._cut = cut
        self._asked_at = self.clock()

    @override
    def build_sync(self) -> SyncDriver:
        """A blocking driver that reads the recordings."""
        return SyncDriver(self, self.virtual.sleep)

    @override
    def build_aio(self) -> AioDriver:
        """A driver for event loops that reads the recordings."""
        return AioDriver(_Session(self), self.virtual.asleep)

    def fetch(self, request: Request) -> Reply:
        """The next recorded reply, whole."""
        reply, pieces = self._next(request)
        reply.body = b"".join(pieces)
        if len(reply.body) > request.max_body and reply.status < 300:
            raise too_large("max_body", request.max_body, reply)
        return reply

    def open(self, request: Request) -> tuple[Recorded, Reply]:
        """The next recorded reply, left open if it is a success."""
        reply, pieces = self._next(request)
        if reply.status >= 300:
            reply.body = b"".join(pieces)
        return Recorded(pieces), reply

    def _next(self, request: Request) -> tuple[Reply, Iterator[bytes]]:
        now = self.clock()
        self.requests.append(request)
        self.delays.append(now - self._asked_at)
        self._asked_at = now
        exchange = next(self._exchanges, None)
        assert exchange is not None, f"request {len(self.requests)} has no recorded reply"
        if exchange.get("end") == "reset_before":
            raise connection_errors.closed(request)
        headers = CIMultiDict(exchange.get("headers") or {})
        texts = exchange["chunks"] if "chunks" in exchange else [exchange.get("body") or ""]
        pieces = [text.encode("utf-8", "surrogateescape") for text in texts]
        if self._cut:
            whole = b"".join(pieces)
            pieces = [whole[n : n + self._cut] for n in range(0, len(whole), self._cut)]
        return Reply(exchange["status"], headers), self._pieces(request, pieces, exchange.get("end") == "abrupt")

    def _pieces(self, request: Request, pieces: list[bytes], abrupt: bool) -> Iterator[bytes]:
        yield from (piece for piece in pieces if piece)
        if abrupt:
            raise connection_errors.cut_short(request)


class Recorded:
    """An open recorded body."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self) -> bytes:
        """The next piece, ``b""`` at the end."""
        return next(self._pieces, b"")

    def give_back(self) -> None:
        """Nothing to return."""

    def close(self) -> None:
        """Nothing to close."""

    def shut(self) -> None:
        """Nothing that anyone waits for."""


class _Session:
    """The recordings as the connections of an event loop."""

    def __init__(self, recordings: Replay) -> None:
        self._recordings = recordings

    async def fetch(self, request: Request) -> Reply:
        """The next recorded reply, whole."""
        return self._recordings.fetch(request)

    async def open(self, request: Request) -> tuple[Recorded, Reply]:
        """The next recorded reply, left open if it is a success."""
        return self._recordings.open(request)

    async def read(self, body: Recorded, request: Request) -> bytes:
        """The next piece of an open body."""
        return body.read()

    async def give_back(self, body: Recorded) -> None:
        """Nothing to return."""

    def track(self, stream: Any) -> None:
        """Nothing to close with the loop."""
