"""Each request is signed with all that is in it, once; streams have named events and tell arguments in pieces."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump, write_events
from ..thinking import Answer, Question, Refusal, Said, ToolUse, check_keys, find_role

ROLES = {name: name for name in ("system", "user", "assistant", "tool")}
ENDS = {"stop": "STOP", "length": "MAX", "tool_calls": "TOOLS"}


class Protocol(Server):
    """``{reply, why, tok}``."""

    routes = (("POST", "/signed/chat"),)
    broken = b'{"reply": {"t": {"no": "text"}}}'

    def __init__(self) -> None:
        super().__init__()
        self.nonces: set[str] = set()

    @override
    def check(self, got: Got) -> None:
        moment, nonce = got.headers.get("X-Moment", ""), got.headers.get("X-Once", "")
        digest = hashlib.sha256(got.body).hexdigest()
        signed = "\n".join((got.method, got.path, got.query, moment, nonce, digest)).encode()
        mac = base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha512).digest()).decode()
        if got.headers.get("X-App") != "tests" or not hmac.compare_digest(got.headers.get("X-Mac", ""), mac):
            raise Refusal(401, "the signature is wrong")
        if abs(time.time() - int(moment) / 1000) > 300 or not nonce or nonce in self.nonces:
            raise Refusal(401, "the signature is old")
        self.nonces.add(nonce)

    @override
    def read(self, got: Got) -> Question:
        body = check_keys(got.json(), "messages", "stream tools max_tokens tool_choice")
        tools = [tool["function"]["name"] for tool in body.get("tools", [])]
        return Question([_read(turn) for turn in body["messages"]], tools, body.get("stream", False))

    @override
    def write(self, answer: Answer) -> Sent:
        tools = [{"id": call.id, "fn": call.name, "a": json.dumps(call.arguments)} for call in answer.calls]
        reply = {"t": answer.text} if answer.text else {}
        return Sent(dump({"reply": reply, "why": ENDS[answer.reason], "tok": answer.usage, "tools": tools}))

    @override
    def write_stream(self, answer: Answer) -> Sent:
        events: list[Any] = [("meta", {"id": "r-1"}), ("ping", "END")]
        events += [("delta", {"t": piece}) for piece in answer.pieces]
        for number, call in enumerate(answer.calls):
            text = json.dumps(call.arguments)
            events.append(("tool", [{"i": number, "id": call.id, "fn": call.name}]))
            events += [("tool", [{"i": number, "a": text[at : at + 4]}]) for at in range(0, len(text), 4)]
        events.append(("end", {"why": ENDS[answer.reason], "tok": answer.usage}))
        pieces = [write_events(told, name=lambda _, name=name: str(name))[0] for name, told in events]
        return Sent([*pieces, b"data: END\n\n"], kind="text/event-stream")

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        headers = {"Retry-After": "7"} if refusal.kind == 429 else {}
        return Sent(dump({"error": f"E{refusal.kind}", "detail": refusal.message}), refusal.kind, headers=headers)


def _read(turn: Any) -> Said:
    check_keys(turn, "role", "content tool_calls tool_call_id name")
    calls = [
        ToolUse(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in turn.get("tool_calls", [])
    ]
    return Said(find_role(ROLES, turn["role"]), turn.get("content") or "", calls)
