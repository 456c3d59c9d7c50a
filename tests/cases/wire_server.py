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

from .checks import Json, fill, find_fault, look_up


class CaseServer:
    """Answers the nth request with the nth of ``replies``, all later ones with the last.

    A reply has ``status``, ``headers`` and either a ``body`` (text, JSON, or ``body_base64``) or the ``chunks`` of a
    stream, which is ``cut`` where ``end`` says so. What a request must hold is told by ``requires``; a request that
    does not is answered with the ``refusal``. ``{at:PATH}`` in a reply is what the request has there; ``vectors`` are
    a vector for each text, with the number that is in it, for no more texts than ``max``.
    """

    def __init__(self, replies: list[Json]) -> None:
        self.replies = replies
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    def choose(self, body: Any, headers: dict[str, str]) -> Json:
        """The reply to the next request."""
        self.bodies.append(body)
        self.headers.append(headers)
        reply = self.replies[min(len(self.bodies), len(self.replies)) - 1]
        refused = any(find_fault(body, check, headers) for check in reply.get("requires", ()))
        if "vectors" in reply:
            found = look_up(body, reply["vectors"]["at"])
            texts = [found] if isinstance(found, str) else found
            refused = refused or len(texts) > reply["vectors"]["max"]
            reply = {**reply, "body": build_vectors(texts, reply["vectors"]["shape"])}
        return fill(reply["refusal"] if refused else reply, body)  # type: ignore[no-any-return]


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
            self.send(self.case.choose(body, {name.lower(): value for name, value in self.headers.items()}))
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


def build_vectors(texts: list[Any], shape: str) -> Json:
    """One vector for each text, in the ``shape`` of a vendor's reply."""
    rows = [[float(re.findall(r"\d+", json.dumps(text))[-1])] for text in texts]
    if shape == "gemini":
        return {"embeddings": [{"values": row} for row in rows]}
    if shape == "dashscope":
        return {"output": {"embeddings": [{"text_index": n, "embedding": row} for n, row in enumerate(rows)]}}
    return {"data": [{"index": n, "embedding": row} for n, row in enumerate(rows)], "model": "m"}
