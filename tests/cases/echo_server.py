"""A server on the loopback interface that answers a chat with what it was sent; it prints its port."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Echo(BaseHTTPRequestHandler):
    """Answers each POST with its path, headers and body as the text of a chat completion."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer one request."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"null")
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = json.dumps({"path": self.path, "headers": headers, "body": body})
        choice = {"index": 0, "message": {"role": "assistant", "content": told}, "finish_reason": "stop"}
        data = json.dumps({"id": "e", "object": "chat.completion", "model": "echo", "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    print(server.server_address[1], flush=True)
    server.serve_forever()
