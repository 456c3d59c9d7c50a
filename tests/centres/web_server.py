"""Servers of HTTP that tests write texts to, take down and bring back: a web server, and a stand-in for Nacos."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], bytes]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, owner: HttpServer) -> None:
        self.owner = owner
        self.open: list[socket.socket] = []
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        self.open.append(connection)
        if self.owner.tls is not None:
            connection = self.owner.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self.open.append(connection)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who asks goes away, or does not trust the certificate."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        owner = self.server.owner
        owner.requests.append((self.command, self.path, dict(self.headers.items()), body))
        status, headers, content = owner.answer(self.command, self.path, self.headers, body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class HttpServer:
    """A server on a port that stays the same when it is taken down and brought back."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.port = 0
        self.texts: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.override: Callable[[str], Answer | None] = lambda path: None
        self.changed = threading.Condition()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen."""
        self._server = _Server(self.port, self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def kill(self) -> None:
        """Go away, with every connection."""
        server, self._server = self._server, None
        if server is None or self._thread is None:
            return
        server.shutdown()
        self._thread.join()
        server.server_close()
        for connection in server.open:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        with self.changed:
            self.changed.notify_all()

    def put(self, key: str, text: str) -> None:
        """Write the text under a key."""
        with self.changed:
            self.texts[key] = text.encode()
            self.changed.notify_all()

    def remove(self, key: str) -> None:
        """Remove a key."""
        with self.changed:
            del self.texts[key]
            self.changed.notify_all()

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        """The answer to a request."""
        if (given := self.override(path)) is not None:
            return given
        text = self.texts.get(urlsplit(path).path.removeprefix("/"))
        if text is None:
            return 404, {}, b"not here"
        tag = f'"{hashlib.sha1(text).hexdigest()}"'
        if headers.get("if-none-match") == tag:
            return 304, {"ETag": tag}, b""
        return 200, {"ETag": tag, "Content-Type": "text/yaml"}, text

    def find_address(self, key: str) -> str:
        """The address of a key; it is asked more often than by default."""
        return f"http{'s' if self.tls else ''}://localhost:{self.port}/{key}?every=0.2"


class Nacos(HttpServer):
    """Stands for Nacos: what its documentation says of the HTTP API of one version. ``login`` is user and password."""

    def __init__(self, version: int = 1, login: tuple[str, str] | None = None) -> None:
        super().__init__()
        self.version = version
        self.login = login
        self.tokens: list[str] = []
        self.polls = 0

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        """The answer to a request."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if (given := self.override(path)) is not None:
            return given
        if f"/v{1 if self.version < 3 else 3}/" not in parts.path:
            return 404, {}, b'{"status":404,"error":"Not Found"}'
        if parts.path.endswith(("/auth/login", "/auth/users/login", "/auth/user/login")):
            if (form.get("username"), form.get("password")) != self.login:
                return 403, {}, b"unknown user!"
            self.tokens.append(f"token-{len(self.tokens)}")
            return 200, {}, json.dumps({"accessToken": self.tokens[-1], "tokenTtl": 18000}).encode()
        if self.login is not None and query.get("accessToken") not in self.tokens[-1:]:
            return 403, {}, b"token invalid!"
        if parts.path.endswith("/listener"):
            return self._listen(form["Listening-Configs"], headers)
        if self.version < 3:
            text = self.texts.get(_name(query["dataId"], query["group"], query.get("tenant", "")))
            return (404, {}, b"config data not exist") if text is None else (200, {}, text)
        text = self.texts.get(_name(query["dataId"], query["groupName"], query["namespaceId"].replace("public", "")))
        if text is None:
            return 404, {}, b'{"code":20004,"message":"resource not found","data":"config data not exist"}'
        data = {"content": text.decode(), "md5": hashlib.md5(text).hexdigest()}
        return 200, {}, json.dumps({"code": 0, "message": "success", "data": data}).encode()

    def _listen(self, listening: str, headers: Any) -> Answer:
        """Wait until the text is another one than the digest says, or the time is up."""
        data_id, group, digest, *tenant = listening.removesuffix("\x01").split("\x02")
        name = _name(data_id, group, tenant[0] if tenant else "")

        def is_new() -> bool:
            return self._server is None or hashlib.md5(self.texts.get(name, b"")).hexdigest() != digest

        with self.changed:
            self.polls += 1
            if not self.changed.wait_for(is_new, int(headers["Long-Pulling-Timeout"]) / 1000):
                return 200, {}, b""
        return 200, {}, f"{data_id}%02{group}%01\n".encode()

    def find_address(self, key: str) -> str:
        """The address of a key, which is the dataId alone or ``namespace|group|dataId``."""
        namespace, group, name = key.split("|") if "|" in key else ("", "", key)
        login = "${NACOS_LOGIN}:${NACOS_PASSWORD}@" if self.login else ""
        more = {"group": group, "namespace": namespace, "every": "0.2" if self.version > 2 else ""}
        query = "&".join(f"{name}={value}" for name, value in more.items() if value)
        return f"nacos://{login}127.0.0.1:{self.port}/{name}" + (f"?{query}" if query else "")


def _name(data_id: str, group: str, namespace: str) -> str:
    return data_id if (group, namespace) == ("DEFAULT_GROUP", "") else f"{namespace}|{group}|{data_id}"
