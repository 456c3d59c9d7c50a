"""A server on the loopback interface that answers as a case says, and keeps what it was asked."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
MISSING = object()


class CaseServer:
    """Answers the nth request with the nth of ``replies``, all later ones with the last.

    A reply has ``status``, ``headers`` and either a ``body`` (text, JSON, or ``body_base64``) or the ``chunks`` of a
    stream, which is ``cut`` where ``end`` says so. What a request must hold is told by ``requires``; a request that
    does not is answered with the ``refusal``.
    """

    def __init__(self, replies: list[Json]) -> None:
        self.replies = replies
        self.bodies: list[Any] = []
        self.url = ""

    def choose(self, body: Any) -> Json:
        """The reply to the next request."""
        self.bodies.append(body)
        reply = self.replies[min(len(self.bodies), len(self.replies)) - 1]
        refused = any(find_fault(body, check) for check in reply.get("requires", ()))
        return reply["refusal"] if refused else reply  # type: ignore[no-any-return]


class Connection(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    case: CaseServer

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer one request."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        try:
            self.send(self.case.choose(body))
        except OSError:  # the client has left
            self.close_connection = True

    def send(self, reply: Json) -> None:
        """Write one reply."""
        streamed = "chunks" in reply
        kind = "text/event-stream" if streamed else "application/json"
        self.send_response(reply.get("status", 200))
        for name, value in {"Content-Type": kind, **reply.get("headers", {})}.items():
            self.send_header(name, value)
        if not streamed:
            data = encode_body(reply)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in encode_chunks(reply["chunks"]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.close_connection = reply.get("end", "complete") != "complete"
        if not self.close_connection:
            self.wfile.write(b"0\r\n\r\n")


@contextmanager
def serve(replies: list[Json]) -> Iterator[CaseServer]:
    """A server that runs while the block does."""
    case = CaseServer(replies)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Connection,), {"case": case}))
    server.daemon_threads = True
    case.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield case
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def encode_body(reply: Json) -> bytes:
    """The bytes of a whole reply."""
    if "body_base64" in reply:
        return base64.b64decode(reply["body_base64"])
    body = reply["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def encode_chunks(chunks: list[Any]) -> Iterator[bytes]:
    """The pieces of a stream: texts, ``{"base64"}``, or ``{"repeat", "times", "pieces"}``."""
    for chunk in chunks:
        if isinstance(chunk, str):
            yield chunk.encode()
        elif "base64" in chunk:
            yield base64.b64decode(chunk["base64"])
        else:
            for _ in range(chunk.get("pieces", 1)):
                yield chunk["repeat"].encode() * chunk["times"]


def look_up(body: Any, path: str) -> Any:
    """What is at the dotted ``path``; MISSING if nothing is."""
    for step in path.split("."):
        try:
            body = body[int(step)] if isinstance(body, list) else body[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return MISSING
    return body


def find_fault(body: Any, check: Json) -> str | None:
    """What is wrong with a request, by one check of a place in it; None if it passes."""
    found = look_up(body, check["at"])
    text = found if isinstance(found, str) else None
    if "equals" in check:
        fits = found == check["equals"]
    elif "same_as" in check:
        fits = found is not MISSING and found == look_up(body, check["same_as"])
    elif "absent" in check:
        fits = found is MISSING
    elif "matches" in check:
        fits = text is not None and re.search(check["matches"], text) is not None
    elif "unless_matches" in check:  # it may be absent
        fits = text is None or re.search(check["unless_matches"], text) is None
    else:
        fits = found is not MISSING and found > check["greater_than"]
    return None if fits else f"the request has {found!r} at {check['at']}: {check}"
