"""A server that does as little as possible: it sends the same prebuilt bytes to whoever asks."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import re
import subprocess
import sys
from array import array
from functools import cache
from pathlib import Path
from typing import Any

EVENTS = 200
"""How many events with text a stream has; the model ``events-20`` sends 20."""

PACED = "paced"
"""The model whose streams come event by event, each in a packet of its own."""

PAUSE = 0.001
"""The seconds between two such packets, in which a client has read the one before."""

VECTORS, DIMENSIONS = 64, 1536
"""How many embeddings a reply holds, and of how many numbers; the model ``vectors-4x8`` sends 4 of 8."""

_COMMON = {"id": "chatcmpl-123", "created": 1694268190, "model": "gpt-4o-mini", "system_fingerprint": "fp_44709d6fcb"}
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_END = b"0\r\n\r\n"


class FixedServer:
    """The server in a process of its own, on ``core`` if given; as a context manager it is the API's base URL."""

    def __init__(self, core: int | None) -> None:
        self._arguments = [] if core is None else [str(core)]

    def __enter__(self) -> str:
        command = [sys.executable, str(Path(__file__)), *self._arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        return f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"

    def __exit__(self, *exc: object) -> None:
        self._process.communicate()  # closes its stdin, at which it ends


@cache
def build_whole() -> bytes:
    """A whole answer."""
    message = {"role": "assistant", "content": "Hello there, how may I assist you today?"}
    usage = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _build_reply({**_COMMON, "object": "chat.completion", "choices": [choice], "usage": usage})


@cache
def build_vectors(packed: bool, number: int = VECTORS, dimensions: int = DIMENSIONS) -> bytes:
    """A batch of embeddings, as numbers or as base64 of float32."""
    numbers = random.Random(0)
    rows = []
    for index in range(number):
        vector = array("f", (numbers.uniform(-0.1, 0.1) for _ in range(dimensions)))
        embedding = base64.b64encode(vector.tobytes()).decode() if packed else list(vector)
        rows.append({"object": "embedding", "index": index, "embedding": embedding})
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return _build_reply({"object": "list", "data": rows, "model": "e", "usage": usage})


def _build_reply(value: Any) -> bytes:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_1\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@cache
def build_events(number: int) -> list[bytes]:
    """The events of a streamed answer, each as an HTTP chunk."""
    events = [_build_event({"content": f"tok{n} "}, None) for n in range(number)]
    events += [_build_event({}, "stop"), b"data: [DONE]\n\n"]
    return [b"%x\r\n%s\r\n" % (len(event), event) for event in events]


def _build_event(delta: dict[str, Any], finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return b"data: %s\n\n" % json.dumps({**_COMMON, "object": "chat.completion.chunk", "choices": [choice]}).encode()


class _Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            _, _, length = self._unread[:end].lower().partition(b"content-length:")
            total = end + 4 + int(length.split(b"\r\n", 1)[0] or 0)
            if len(self._unread) < total:
                return
            body, self._unread = self._unread[end + 4 : total], self._unread[total:]
            self._answer(body.replace(b'": ', b'":'))

    def _answer(self, body: bytes) -> None:
        model, asked = _find_model(body)
        if b'"stream":true' in body:
            chunks = [*build_events(*asked or [EVENTS]), _END]
            if model == PACED:
                self._transport.write(_HEAD)
                self._send_paced(chunks, 0)
            else:
                self._transport.write(_HEAD + b"".join(chunks))
        elif b'"input":' in body:
            self._transport.write(build_vectors(b'"encoding_format":"base64"' in body, *asked))
        else:
            self._transport.write(build_whole())

    def _send_paced(self, chunks: list[bytes], index: int) -> None:
        if index < len(chunks) and not self._transport.is_closing():
            self._transport.write(chunks[index])
            asyncio.get_running_loop().call_later(PAUSE, self._send_paced, chunks, index + 1)


def _find_model(body: bytes) -> tuple[str, list[int]]:
    """The model that is asked, and the numbers of its name where that is a wish for so many."""
    found = re.search(rb'"model":"((?:events|vectors)-)?([^"]+)"', body)
    if not found:
        return "", []
    return found[2].decode(), [int(number) for number in found[2].split(b"x")] if found[1] else []


async def _serve() -> None:
    """Serve on a free port, which is printed, until stdin ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    asyncio.run(_serve())
