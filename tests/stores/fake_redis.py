"""A Redis that is a thread of the tests: it knows what a store asks, and it fails when it is told to."""

from __future__ import annotations

import socketserver
import threading
import time
from typing import Any, BinaryIO


class FakeRedis(socketserver.ThreadingTCPServer):
    """Answers GET and SET. ``fault``: what every command is answered with, ``b""`` for a closed connection; or None.

    While ``silent`` is set nothing is answered.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.entries: dict[bytes, tuple[bytes, float]] = {}
        self.commands: list[list[bytes]] = []
        self.fault: bytes | None = None
        self.silent = False
        self.drop_idle = False  # close a connection after each answer
        self.url = f"redis://127.0.0.1:{self.server_address[1]}/0"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End it."""
        self.shutdown()
        self.server_close()
        self.thread.join()

    def answer(self, command: list[bytes]) -> bytes:
        """What a command is answered with."""
        name = command[0].upper()
        if name in (b"CLIENT", b"SELECT", b"AUTH"):
            return b"+OK\r\n"
        self.commands.append(command)
        if self.fault is not None:
            return self.fault
        if name == b"SET":
            px = int(command[4]) / 1000 if len(command) > 3 else float("inf")
            self.entries[command[1]] = command[2], time.time() + px
            return b"+OK\r\n"
        value, expires = self.entries.get(command[1], (b"", 0.0))
        return b"$%d\r\n%b\r\n" % (len(value), value) if expires > time.time() else b"$-1\r\n"


class _Conversation(socketserver.StreamRequestHandler):
    server: FakeRedis
    rfile: BinaryIO
    wfile: Any

    def handle(self) -> None:
        while line := self.rfile.readline():
            command = []
            for _ in range(int(line[1:])):
                length = int(self.rfile.readline()[1:])
                command.append(self.rfile.read(length + 2)[:-2])
            if self.server.silent:
                continue
            answer = self.server.answer(command)
            if not answer:
                return
            self.wfile.write(answer)
            if self.server.drop_idle and command[0].upper() in (b"GET", b"SET"):
                return
