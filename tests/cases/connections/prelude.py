"""What every case of connections begins with: a raw HTTP server, a model served by it, and the checks of a case.

A case is a program of its own. It notes what it expects with ``check`` and ends with ``verdict``, which prints a line.
Importing this takes away the proxies and certificates of the surroundings, which would change what a case sees.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Collection
from typing import Any, NoReturn

for name in [name for name in os.environ if name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE")]:
    del os.environ[name]


def completion(text: str) -> bytes:
    """The body of a chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()


def reply(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole HTTP reply."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def delta(text: str) -> bytes:
    """One event of a stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"


END = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class Request:
    """A request that arrived."""

    def __init__(self, line: str, headers: dict[str, str], body: bytes) -> None:
        self.line, self.headers, self.body = line, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def prompt(self) -> Any:
        return self.json["messages"][-1]["content"]


class Server:
    """A raw HTTP server: ``handle(connection, request, number of the connection)`` returns False to close."""

    def __init__(self, handle: Callable[[socket.socket, Request, int], Any] | None, host: str = "127.0.0.1") -> None:
        self.handle = handle
        self.connections = 0
        self.open = 0
        self.requests: list[Any] = []
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            with self.lock:
                self.connections += 1
                self.open += 1
                number = self.connections
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection: socket.socket, number: int) -> None:
        assert self.handle is not None
        file = connection.makefile("rb")
        try:
            while line := file.readline():
                headers = {}
                while (field := file.readline()) not in (b"\r\n", b""):
                    name, _, value = field.partition(b":")
                    headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
                body = file.read(int(headers.get("content-length", 0)))
                request = Request(line.decode("latin-1").strip(), headers, body)
                with self.lock:
                    self.requests.append(request)
                if self.handle(connection, request, number) is False:
                    break
        except OSError:
            pass
        finally:
            file.close()
            connection.close()
            with self.lock:
                self.open -= 1


def build(url: str, **config: Any) -> tuple[Any, Any]:
    """A registry and its one model, served at ``url``."""
    from modelhub import ModelRegistry

    args = {"base_url": url + "/v1", **config.pop("client_args", {})}
    given = {"config_name": "m", "model_type": "openai_chat", "model_name": "m", "api_key": "sk-1"}
    hub = ModelRegistry({**given, "client_args": args, **config})
    return hub, hub.get_model("m")


def tell(error: BaseException) -> str:
    """The full name of an error's class, and its text."""
    return f"{type(error).__module__}.{type(error).__name__}: {error}"


CHECKS: list[tuple[str, bool]] = []


def check(what: str, right: Any, observed: Any) -> None:
    """Note one expectation: whether it held, and what was seen."""
    CHECKS.append((what, bool(right)))
    print(("  ok    " if right else "  WRONG ") + f"{what}: {observed}", flush=True)


def verdict(minor: Collection[str] = ()) -> NoReturn:
    """Print the verdict and end the program; what fails only among ``minor`` makes it partial."""
    wrong = [what for what, right in CHECKS if not right]
    word = "pass" if not wrong else "partial" if set(wrong) <= set(minor) else "FAIL"
    told = f"{len(CHECKS) - len(wrong)} of {len(CHECKS)} right" + (f"; wrong: {'; '.join(wrong)}" if wrong else "")
    print(f"VERDICT {word} {os.path.basename(sys.argv[0])[:-3]}: {told}", flush=True)
    os._exit(0)
