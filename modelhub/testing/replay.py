"""The third driver: serves calls with recorded replies, without sockets and without waiting."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from multidict import CIMultiDict

from modelhub.aio import AioDriver
from modelhub.engine import connection_errors
from modelhub.engine.parsing import too_large
from modelhub.overriding import override
from modelhub.sync import SyncDriver
from modelhub.testing.beside import Beside
from modelhub.testing.clock import VirtualClock, VirtualDrivers
from modelhub.testing.recordings import Recording, build_headers, encode_pieces, read_recording
from modelhub.wire import Reply, Request


class Replay(VirtualDrivers):
    """Connections that answer with recordings, sync and async alike: ``model.drivers = Replay(exchanges)``.

    An exchange is a dict with ``status``, ``headers``, ``body`` (a text, or anything that is written as JSON) or
    ``chunks`` (texts, as they came), and ``end``: ``abrupt`` for a reply that broke off, ``reset_before`` for none at
    all; or with ``timeout`` where nothing comes. Half characters in chunks are written as surrogate escapes. ``cut``
    re-cuts streams into pieces of so many bytes. ``requests`` holds what was sent, ``delays`` how many seconds a real
    driver would have paused before each, ``clock`` the time that has passed so. What ``beside`` answers needs no
    exchange, and is not in ``requests``. Raises AssertionError when the recordings run out.
    """

    def __init__(
        self,
        exchanges: Iterable[Mapping[str, Any]],
        *,
        cut: int | None = None,
        clock: VirtualClock | None = None,
        beside: Beside | None = None,
    ) -> None:
        super().__init__(clock)
        self.requests: list[Request] = []
        self.delays: list[float] = []
        self._exchanges = iter(exchanges)
        self._cut = cut
        self._beside = beside
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
        beside = self._beside and self._beside.answer(request.method, request.url, request.body)
        if beside:
            return self._reply(request, beside)
        now = self.clock()
        self.requests.append(request)
        self.delays.append(now - self._asked_at)
        self._asked_at = now
        exchange = self._take(request)
        assert exchange is not None, f"request {len(self.requests)} has no recorded reply"
        if exchange.get("end") == "reset_before":
            raise connection_errors.closed(request)
        if exchange.get("timeout"):
            raise connection_errors.silent(request, False)
        return self._reply(request, exchange)

    def _take(self, request: Request) -> Mapping[str, Any] | None:
        return next(self._exchanges, None)

    def _reply(self, request: Request, exchange: Mapping[str, Any]) -> tuple[Reply, Iterator[bytes]]:
        headers = CIMultiDict(build_headers(exchange))
        pieces = encode_pieces(exchange)
        if self._cut:
            whole = b"".join(pieces)
            pieces = [whole[n : n + self._cut] for n in range(0, len(whole), self._cut)]
        return Reply(exchange.get("status", 200), headers), self._pieces(
            request, pieces, exchange.get("end") == "abrupt"
        )

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


def replay(
    replies: str | Path | Recording | Sequence[Mapping[str, Any]], *models: Any, cut: int | None = None
) -> Replay:
    """The Replay of ``replies``, a Recording, or the file of one; ``models`` get it in place of their connections."""
    if isinstance(replies, str | Path):
        replies = read_recording(Path(replies))
    drivers = Replay(replies.replies if isinstance(replies, Recording) else replies, cut=cut)
    for model in models:
        model.drivers = drivers
    return drivers


class _Module(ModuleType):
    """This module, which is called like the function that users want."""

    def __call__(self, *given: Any, **options: Any) -> Replay:
        return replay(*given, **options)


sys.modules[__name__].__class__ = _Module
