"""A loopback server that plays recorded replies, with real connections that stall, break off and are counted."""

from __future__ import annotations

import gzip
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any, Self
from urllib.parse import urlsplit

from multidict import CIMultiDict

from modelhub.overriding import override
from modelhub.testing.beside import Beside
from modelhub.testing.recordings import build_headers, encode_pieces
from modelhub.testing.sent import PlayedRequest, read_query

_HOP = {"content-length", "transfer-encoding", "connection", "content-encoding", "date", "server", "keep-alive"}
_TICK = 0.005  # seconds between two looks at a client that may be gone

Reply = Mapping[str, Any] | Callable[[PlayedRequest], Mapping[str, Any]]


class Player:
    """A context manager that serves on a free loopback port and replies to each request with what it was told to play.

    A reply is one of a Recording. It may say two things more: ``gzip`` for a body that is sent compressed, ``stall``
    for one that stops after so many pieces without an end. A function of the request gives a reply, too. What
    ``beside`` answers is neither played nor noted.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[PlayedRequest] = []
        self.accepted = 0
        self.open_connections = 0
        self.in_flight = 0
        self.is_closing = False
        self.beside: Beside | None = None
        self._replies: deque[Reply] = deque()
        self._again: tuple[Reply, ...] = ()
        self._changed = Condition()
        self._server: _Server | None = None
        self._thread: Thread | None = None

    def play(self, *replies: Reply, again: bool = False) -> None:
        """Reply with these from now on, in place of those before; with ``again``, from the first when they run out."""
        with self._changed:
            self._replies = deque(replies)
            self._again = replies if again else ()
            self.requests = []

    def wait_until(self, condition: Callable[[], bool], timeout: float = 5.0) -> bool:
        """Wait for a condition such as ``lambda: player.open_connections == 0``; False if the timeout comes first."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                if time.monotonic() > deadline:
                    return False
                self._changed.wait(_TICK)
        return True

    def take(self, request: PlayedRequest) -> Mapping[str, Any]:
        """The reply to ``request``, which is noted."""
        beside = self.beside and self.beside.answer(request.method, request.path, request.bytes)
        if beside:
            return beside
        with self._changed:
            self.requests.append(request)
            if not self._replies:
                self._replies.extend(self._again)
            reply: Reply = self._replies.popleft() if self._replies else _NONE_LEFT
        return reply(request) if callable(reply) else reply

    def count(self, *, connections: int = 0, requests: int = 0) -> int:
        """Note connections and requests that begin (1) or end (-1); gives the number of the last connection."""
        with self._changed:
            self.accepted += max(connections, 0)
            self.open_connections += connections
            self.in_flight += requests
            self._changed.notify_all()
            return self.accepted

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.player = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), name="modelhub-player", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._server is not None and self._thread is not None
        self.is_closing = True
        self._server.shutdown()
        self._server.end()
        self._thread.join()


_NONE_LEFT: Mapping[str, Any] = {
    "status": 501,
    "body": {"error": {"message": "this request is one more than the recording has replies for"}},
}


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128
    player: Player

    def __init__(self, *given: Any) -> None:
        self.sockets: set[socket.socket] = set()
        super().__init__(*given)

    def end(self) -> None:
        """End the connections, and wait for their threads."""
        for sock in list(self.sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.server_close()

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    number = 0

    @override
    def setup(self) -> None:
        super().setup()
        self.server.sockets.add(self.connection)
        self.number = self.server.player.count(connections=1)

    @override
    def finish(self) -> None:
        self.server.sockets.discard(self.connection)
        self.server.player.count(connections=-1)
        with suppress(OSError):
            super().finish()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""

    def answer(self) -> None:
        """Read a request, and reply."""
        player = self.server.player
        player.count(requests=1)
        try:
            parts = urlsplit(self.path)
            query = read_query(parts.query)
            headers = CIMultiDict(self.headers.items())
            reply = player.take(
                PlayedRequest(self.command, parts.path, query, headers, self._read_body(headers), self.number)
            )
            self._reply(reply)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
        finally:
            player.count(requests=-1)

    @override
    def handle_one_request(self) -> None:
        """Read one request, whatever its method is and however long its address."""
        self.raw_requestline = self.rfile.readline()
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self.answer()

    def _read_body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _reply(self, reply: Mapping[str, Any]) -> None:
        end = reply.get("end")
        if reply.get("timeout") or end == "reset_before":
            if reply.get("timeout"):
                self._stall()
            self.close_connection = True
            return
        pieces = encode_pieces(reply)
        self.send_response(int(reply.get("status") or 200))
        headers = {name: value for name, value in build_headers(reply).items() if name.lower() not in _HOP}
        if reply.get("gzip"):
            pieces, headers["Content-Encoding"] = [gzip.compress(b"".join(pieces))], "gzip"
        for name, value in headers.items():
            self.send_header(name, value)
        if "chunks" in reply or end or "stall" in reply:
            self._send_chunks(pieces, end, reply.get("stall"))
        else:
            self.send_header("Content-Length", str(len(pieces[0])))
            self.end_headers()
            self.wfile.write(pieces[0])

    def _send_chunks(self, pieces: list[bytes], end: Any, stall: int | None) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces[:stall]:
            if piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.flush()
        self.wfile.flush()
        if stall is not None:
            self._stall()
        if end or stall is not None:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _stall(self) -> None:
        """Send nothing until the client is gone or the server ends."""
        while not self.server.player.is_closing:
            readable, _, _ = select.select([self.connection], [], [], _TICK)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return
