"""A server that sends given bytes, whatever they are."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

CERTIFICATE = Path(__file__).with_name("localhost.pem")  # of localhost, signed by itself, with its key

BODY = b'{"choices": [{"message": {"role": "assistant", "content": "%s"}, "finish_reason": "stop"}]}'


def body(text: str) -> bytes:
    """The body of an answer."""
    return BODY % text.encode()


def reply(text: str = "ok", *fields: str, length: int | None = None) -> bytes:
    """A whole reply of a chat model, with more header fields."""
    content = body(text)
    lines = ["HTTP/1.1 200 OK", *fields, f"Content-Length: {len(content) if length is None else length}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + content


def chunked(text: str = "ok", *sizes: str, end: str = "0\r\n\r\n") -> bytes:
    """A whole reply in one chunk, whose line of size may be another."""
    content = body(text)
    size = sizes[0] if sizes else f"{len(content):x}"
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n"
    return head.encode() + content + b"\r\n" + end.encode()


def build_tls() -> ssl.SSLContext:
    """What a server of TLS needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def read_request(connection: Any) -> bytes:
    """The next request, with its body; nothing at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    while len(rest) < length:
        rest += connection.recv(65536)
    return head + b"\r\n\r\n" + rest


class RawServer:
    """Serves each connection in a thread with ``handle(connection, its number)``, which closes it when it returns."""

    def __init__(self, handle: Callable[[Any, int], Any], tls: ssl.SSLContext | None = None) -> None:
        self._handle = handle
        self._tls = tls
        self.connections = 0
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://localhost:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: Any, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is sent has arrived at once
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                _shake_hands(connection)
            self._handle(connection, number)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(2)
            while connection.recv(65536):  # closed at once, what was sent could be lost
                pass
        except OSError:
            pass
        finally:
            connection.close()


def _shake_hands(connection: ssl.SSLSocket) -> None:
    """Begin with TLS; who is refused has the time to read why, since a connection that is reset may lose it."""
    try:
        connection.do_handshake()
    except ssl.SSLError:
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_WR)
            connection.settimeout(2)
            while socket.socket.recv(connection, 65536):
                pass
        raise


def sending(data: bytes) -> Callable[[Any, int], None]:
    """A handler that answers the first request of a connection with these bytes."""

    def handle(connection: Any, _: int) -> None:
        read_request(connection)
        connection.sendall(data)

    return handle
