"""A client of plain bytes, and what a reply of the gateway must look like."""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import socket
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import urlsplit

from .fuzzing import BODIES, Case

PATIENCE = 20.0
MOMENT = 0.1
"""Seconds that a client waits for an answer to what may be no whole request, before it says that nothing more comes."""


class Told(NamedTuple):
    """A reply."""

    status: int
    kind: str
    body: bytes
    last: bool


class _Kept:
    """A file that a reply must not close: the next one is read from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def makefile(self, *_: Any) -> _Kept:
        return self

    def close(self) -> None: ...

    def flush(self) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def exchange(url: str, case: Case) -> list[Told]:
    """All replies that a case gets before the connection is closed or all has been answered."""
    parts = urlsplit(url)
    replies: list[Told] = []
    with socket.create_connection((parts.hostname, parts.port), PATIENCE) as sock, sock.makefile("rb") as file:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(case.sent)
            if case.ends and not select.select([sock], [], [], MOMENT)[0]:
                sock.shutdown(socket.SHUT_WR)
        kept: Any = _Kept(file)
        while len(replies) < len(case.paths):
            reply = http.client.HTTPResponse(kept, method="HEAD" if case.sent.startswith(b"HEAD ") else "POST")
            try:
                reply.begin()
                body = reply.read()
            except (http.client.RemoteDisconnected, ConnectionResetError):
                break
            replies.append(Told(reply.status, reply.headers.get("Content-Type", ""), body, reply.will_close))
            if reply.will_close:
                break
    return replies


def find_fault(case: Case, replies: list[Told]) -> str | None:
    """What is wrong with the replies to a case; None if nothing is."""
    for path, reply in zip(case.paths, replies, strict=False):
        if case.sent.startswith(b"HEAD "):
            continue
        problem = _find_fault(path.partition("?")[0], reply)
        if problem:
            return f"{case.kind}: {problem}: {reply.status} {reply.kind} {reply.body[:300]!r}"
    missing = len(case.paths) - len(replies)
    if case.whole and missing and not (replies and replies[-1].last):
        return f"{case.kind}: {missing} of {len(case.paths)} requests are not answered"
    return None


def _find_fault(path: str, reply: Told) -> str | None:
    if reply.status == 500:
        return "500"
    if path in ("/healthz", "/readyz", "/metrics"):
        return None
    if reply.status < 400:
        if reply.kind.startswith("text/event-stream"):
            return None if reply.body.endswith(b"\n\n") else "a stream without an end"
        if reply.kind.startswith("application/x-ndjson"):
            return None if json.loads(reply.body.splitlines()[-1]) else "a stream without an end"
        return None if isinstance(json.loads(reply.body), dict) else "no object"
    try:
        body = json.loads(reply.body)
    except ValueError:
        return "an error without a form"
    shapes = {
        "ollama": isinstance(body.get("error"), str),
        "anthropic": body.get("type") == "error" and {"type", "message"} <= body["error"].keys(),
        "openai": isinstance(body.get("error"), dict) and {"message", "type", "code"} <= body["error"].keys(),
    }
    wanted = {name for name, fits in shapes.items() if fits}
    if path in BODIES and "no HTTP" not in str(body):  # of what is none, the path is not known
        name = "ollama" if path.startswith("/api/") else "anthropic" if path.startswith("/v1/messages") else "openai"
        return None if name in wanted else f"not {name}'s form"
    return None if wanted else "an error without a form"
