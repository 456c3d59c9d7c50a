"""The bank's risk model of docs/private-models.md: a service with a protocol of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

from modelhub.overriding import override

TOKEN = "risk-token-1"
_ROLES = {"system", "human", "ai", "function"}
_KEYS = {"conversation", "params", "tools", "stream"}


class RiskService:
    """A context manager that serves on a free port; what is "busy" is refused once, what is "overloaded" always."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.trace = 0
        self._refused: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.service = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, token: str | None, body: Any) -> dict[str, Any]:
        """The envelope for a body."""
        self.bodies.append(body)
        if token != TOKEN:
            return {"code": 4003, "msg": "unknown token"}
        if unknown := sorted(body.keys() - _KEYS | {each["role"] for each in body["conversation"]} - _ROLES):
            return {"code": 4000, "msg": f"what is {unknown[0]}?"}
        last = body["conversation"][-1]
        asked = last["content"]
        if "overloaded" in asked or ("busy" in asked and asked not in self._refused):
            self._refused.add(asked)
            return {"code": 4001, "msg": "too many requests", "wait": 0.01}
        if "launder" in asked:
            return {"code": 4010, "msg": "not a question for this model"}
        self.trace += 1
        return {"code": 0, "msg": "ok", "trace": f"t-{self.trace}", **_build_result(last, body)}

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _build_result(last: Any, body: Any) -> dict[str, Any]:
    number = next(iter(re.findall(r"\d+", last["content"])), None)
    if last["role"] == "function":
        text, stop, calls = f"The rating is {last['content']}.", "done", []
    elif body.get("tools"):
        call = {"id": "c1", "fn": body["tools"][0]["name"], "args": {"debtor": number}}
        text, stop, calls = None, "calls", [call]
    else:
        text, stop, calls = f"Debtor {number} pays on time." if number else "Which debtor?", "done", []
    limit = body.get("params", {}).get("limit")
    if text and limit:
        text, stop = " ".join(text.split()[:limit]), "cut" if limit < len(text.split()) else stop
    output = [{"kind": "text", "content": text}] if text else []
    tokens = {
        "in": sum(len((each["content"] or "").split()) for each in body["conversation"]),
        "out": len((text or "").split()),
    }
    return {"result": {"output": output, "calls": calls, "stop": stop}, "usage": tokens}


def stream(answer: dict[str, Any]) -> Iterator[str]:
    """The events of an answer."""
    if "result" not in answer:
        yield json.dumps(answer)
        return
    result = answer["result"]
    for part in result["output"]:
        for piece in re.findall(r"\s*\S+", part["content"]):
            yield json.dumps({"code": 0, "delta": {"text": piece}})
    if result["calls"]:
        yield json.dumps({"code": 0, "delta": {"calls": result["calls"]}})
    yield json.dumps({"code": 0, "delta": {}, "stop": result["stop"], "usage": answer["usage"]})
    yield "[DONE]"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        service: RiskService = self.server.service  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = service.answer(self.headers["X-Token"], body)
        if body.get("stream"):
            kind, text = "text/event-stream", "".join(f"data: {data}\n\n" for data in stream(answer))
        else:
            kind, text = "application/json", json.dumps(answer)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""
