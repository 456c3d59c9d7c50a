"""A client that does as little as possible: it sends the same prebuilt request again and again on open connections."""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import urlsplit

from benchmarks.contestants import KEY, MESSAGES

_END = b"\r\n\r\n"
_LAST = b"0\r\n\r\n"


def ask(url: str, model: str, times: int, in_flight: int = 1, *, stream: bool = False) -> list[float]:
    """The seconds that each of ``times`` chats took, so many of them at a time."""
    return asyncio.run(_ask(url, build_chat(url, model, stream), times, in_flight))


def build_chat(url: str, model: str, stream: bool) -> bytes:
    """The bytes of a small request."""
    parts = urlsplit(url)
    body = json.dumps({"model": model, "messages": MESSAGES, "stream": stream}).encode()
    head = [
        f"POST {parts.path}/chat/completions HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Authorization: Bearer {KEY}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + _END + body


async def _ask(url: str, request: bytes, times: int, in_flight: int) -> list[float]:
    parts = urlsplit(url)
    left, seconds = iter(range(times)), list[float]()

    async def work() -> None:
        transport, connection = await asyncio.get_running_loop().create_connection(
            _Connection, parts.hostname, parts.port
        )
        for _ in left:
            began = time.perf_counter()
            answered = connection.begin()
            transport.write(request)
            await answered
            seconds.append(time.perf_counter() - began)
        transport.close()

    await asyncio.gather(*(work() for _ in range(in_flight)))
    return seconds


class _Connection(asyncio.Protocol):
    answered: asyncio.Future[None] | None = None

    def begin(self) -> asyncio.Future[None]:
        """What is done once a new answer has come."""
        self.answered = asyncio.get_running_loop().create_future()
        self._come = b""
        return self.answered

    def data_received(self, data: bytes) -> None:
        self._come += data
        head, _, body = self._come.partition(_END)
        _, _, length = head.lower().partition(b"content-length:")
        if not (int(length.split(b"\r\n", 1)[0]) <= len(body) if length else body.endswith(_LAST)):
            return
        assert self.answered is not None
        if head.split(b" ", 2)[1] == b"200":
            self.answered.set_result(None)
        else:
            self.answered.set_exception(RuntimeError(f"the answer was {self._come[:2000]!r}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(exc or ConnectionError("the server has closed the connection"))
