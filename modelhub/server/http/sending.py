"""Sends a reply: its speed, its pieces, and the ways in which the connection can end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from struct import pack
from typing import Never

from aiohttp import web

from modelhub.server.formats.replies import Reply

_LAST = 16384
"""Bytes at the end of a body that are written at once."""
_TURN = 64
"""Events written before other connections get a turn."""


class Pace:
    """How replies are paced on purpose: pauses, in seconds, and pieces of so many bytes.

    It holds all pauses under way, so that a shutdown can end them at once.
    """

    def __init__(self, latency: float = 0.0, chunk_delay: float = 0.0, chunk_bytes: int | None = None) -> None:
        self.latency = latency
        self.chunk_delay = chunk_delay
        self.chunk_bytes = chunk_bytes
        self._waiting: set[asyncio.Future[None]] = set()

    async def wait(self, seconds: float | None) -> None:
        """Wait for some seconds, for None until the client goes away; ``end`` cancels it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = None if seconds is None else loop.call_later(seconds, _wake, future)
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
            if timer is not None:
                timer.cancel()

    def end(self) -> None:
        """Cancel every request that is waiting."""
        for future in list(self._waiting):
            future.cancel()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def send(
    request: web.Request, reply: Reply, pace: Pace, done: Callable[[], object] = lambda: None
) -> web.StreamResponse:
    """Send a reply and end the request as the reply says; it is not an error if the client has gone away.

    ``done`` is called right before the client can know that the reply is over: the last of its bytes, or its end
    without them.
    """
    if delay := pace.latency + reply.delay:
        await pace.wait(delay)
    if reply.ending == "hang":
        await pace.wait(None)
    if reply.ending in ("reset", "close"):
        done()
        _drop(request, reset=reply.ending == "reset")
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.headers["Content-Type"] = reply.content_type
    try:
        if reply.stream is None:
            await _send_body(request, response, reply, pace, done)
        else:
            await response.prepare(request)
            await _send_stream(response, reply, reply.stream.events, pace, done)
        if reply.ending == "cut":
            _tear(request, b"" if reply.stream is None else b"%x\r\n%b" % (4096, reply.stream.torn))
        await response.write_eof()
    except ConnectionError:
        raise asyncio.CancelledError from None
    return response


async def _send_body(
    request: web.Request, response: web.StreamResponse, reply: Reply, pace: Pace, done: Callable[[], object]
) -> None:
    body = reply.body
    response.content_length = len(body)
    await response.prepare(request)
    if reply.ending != "whole":
        body = body[: len(body) // 2]
    sent = 0
    for place, seconds in sorted(reply.pauses.items()):
        middle = len(body) // 2 if place else 0
        await response.write(body[sent:middle])
        await pace.wait(seconds)
        sent = middle
    last = max(sent, len(body) - _LAST)
    if last > sent:
        await response.write(body[sent:last])
    done()
    await response.write(body[last:])


async def _send_stream(
    response: web.StreamResponse, reply: Reply, events: Sequence[bytes], pace: Pace, done: Callable[[], object]
) -> None:
    delay = pace.chunk_delay if reply.chunk_delay is None else reply.chunk_delay
    sent = 0
    for place, seconds in sorted(reply.pauses.items()):
        await _send_pieces(response, _cut_pieces(events[sent:place], pace.chunk_bytes), pace, delay)
        await pace.wait(seconds)
        sent = place
    *pieces, last = [*_cut_pieces(events[sent:], pace.chunk_bytes)] or [b""]
    await _send_pieces(response, pieces, pace, delay)
    if delay and pieces:
        await pace.wait(delay)
    done()
    await response.write(last)


async def _send_pieces(response: web.StreamResponse, pieces: Iterable[bytes], pace: Pace, delay: float) -> None:
    for count, piece in enumerate(pieces):
        if delay and count:
            await pace.wait(delay)
        elif count % _TURN == _TURN - 1:
            await asyncio.sleep(0)
        await response.write(piece)


def _cut_pieces(events: Sequence[bytes], size: int | None) -> Iterator[bytes]:
    if size is None:
        yield from (event for event in events if event)
        return
    data = b"".join(events)
    yield from (data[start : start + size] for start in range(0, len(data), size))


def _tear(request: web.Request, rest: bytes) -> Never:
    """Close the connection before the whole body is sent, so that the client sees that bytes are missing."""
    if request.transport is not None:
        if rest:
            request.transport.write(rest)
        request.transport.close()
    raise asyncio.CancelledError


def _drop(request: web.Request, *, reset: bool) -> Never:
    """Close the connection before any byte of a reply; with ``reset``, by a TCP reset."""
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        request.transport.abort()
    raise asyncio.CancelledError
