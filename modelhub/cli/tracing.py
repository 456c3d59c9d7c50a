"""Keeps what goes over the wire while one model is asked: each request as it is sent, each reply as it comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from modelhub.base.drivers import Drivers
from modelhub.errors import ModelCallError
from modelhub.overriding import override
from modelhub.sync import SyncDriver
from modelhub.wire import Reply, Request


@dataclass(slots=True)
class Exchange:
    """A request and what came of it: ``failure`` where no reply did; ``pieces`` is the body of a stream."""

    request: Request
    reply: Reply | None = None
    failure: str = ""
    pieces: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """The body of the reply, as much as came of it."""
        whole = self.reply.body if self.reply is not None else b""
        return whole or b"".join(self.pieces)


class TracingDrivers(Drivers):
    """Real connections that keep what they carry, in ``exchanges``: ``model.drivers = TracingDrivers()``."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[Exchange] = []

    @override
    def build_sync(self) -> SyncDriver:
        """A blocking driver that keeps what it carries."""
        from modelhub.sync.pool import Pool

        return SyncDriver(_Pool(Pool(), self.exchanges))


class _Pool:
    """The connections of blocking calls."""

    def __init__(self, pool: Any, exchanges: list[Exchange]) -> None:
        self._pool = pool
        self._exchanges = exchanges

    def fetch(self, request: Request) -> Reply:
        """The whole reply to a request."""
        exchange = self._begin(request)
        try:
            reply: Reply = self._pool.fetch(request)
        except ModelCallError as error:
            exchange.failure = str(error)
            raise
        exchange.reply = reply
        return reply

    def open(self, request: Request) -> tuple[Any, Reply]:
        """The reply to a request, with its body left open."""
        exchange = self._begin(request)
        try:
            opened: tuple[Any, Reply] = self._pool.open(request)
        except ModelCallError as error:
            exchange.failure = str(error)
            raise
        body, exchange.reply = opened
        return _Body(body, exchange), opened[1]

    def _begin(self, request: Request) -> Exchange:
        exchange = Exchange(request)
        self._exchanges.append(exchange)
        return exchange

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _Body:
    """An open body whose pieces are kept as they are read."""

    def __init__(self, body: Any, exchange: Exchange) -> None:
        self._body = body
        self._exchange = exchange
        self.give_back = body.give_back
        self.close = body.close
        self.shut = body.shut

    def read(self) -> bytes:
        """The next bytes, ``b""`` at the end."""
        try:
            piece: bytes = self._body.read()
        except ModelCallError as error:
            self._exchange.failure = str(error)
            raise
        self._exchange.pieces.append(piece)
        return piece
