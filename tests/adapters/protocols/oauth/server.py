"""A token is good for a few requests; contents are lists of parts, and tools are as Anthropic has them."""

from __future__ import annotations

import base64
from typing import Any

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump
from ..thinking import Answer, Question, Refusal, Said, ToolUse, check_keys, find_role

ROLES = {"user": "user", "assistant": "assistant", "tool": "tool"}


class Protocol(Server):
    """``{content: [...], stop, spent}``; tokens come from ``/token``."""

    routes = (("POST", "/token"), ("POST", "/talk"))
    broken = b'{"content": [{"type": "sound"}]}'
    good_for = 3  # requests

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[str] = []
        self.left = 0

    @override
    async def answer(self, got: Got) -> Sent:
        return self.hand_out(got) if got.path == "/token" else await super().answer(got)

    def hand_out(self, got: Got) -> Sent:
        """A new token."""
        login = base64.b64encode(f"tests:{KEY}".encode()).decode()
        if got.headers.get("Authorization") != f"Basic {login}":
            return Sent(dump({"error": "invalid_client"}), 401)
        if got.fields() != {"grant_type": "client_credentials", "scope": "talk listen"}:
            return Sent(dump({"error": "invalid_request"}), 400)
        self.tokens.append(f"token-{len(self.tokens)}")
        self.left = self.good_for
        return Sent(dump({"access_token": self.tokens[-1], "token_type": "Bearer", "expires_in": 3600}))

    @override
    def check(self, got: Got) -> None:
        if got.path == "/token":
            return
        self.left -= 1
        if not self.tokens or got.headers.get("Authorization") != f"Bearer {self.tokens[-1]}" or self.left < 0:
            raise Refusal(401, "the token has expired")

    @override
    def read(self, got: Got) -> Question:
        body = check_keys(got.json(), "turns live", "system tools")
        said = [_read(turn) for turn in body["turns"]]
        if "system" in body:
            said.insert(0, Said("system", body["system"]))
        tools = [check_keys(tool, "name input_schema", "description")["name"] for tool in body.get("tools", [])]
        return Question(said, tools, body["live"])

    @override
    def write(self, answer: Answer) -> Sent:
        parts: list[Any] = [{"type": "text", "text": piece} for piece in answer.pieces]
        parts += [_write(call) for call in answer.calls]
        return Sent(dump({"content": parts, "stop": answer.reason, "spent": list(answer.usage)}))

    @override
    def write_stream(self, answer: Answer) -> Sent:
        told: list[Any] = [{"kind": "text", "text": piece} for piece in answer.pieces]
        told += [{"kind": "call", "call": _write(call)} for call in answer.calls]
        told.append({"kind": "end", "stop": answer.reason, "spent": list(answer.usage)})
        return Sent([b"\n" + dump(event) + b"\r\n" for event in told], kind="application/jsonl")

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        headers = {"Retry-After": "7"} if refusal.kind == 429 else {}
        return Sent(dump({"problem": {"title": refusal.message}}), refusal.kind, headers=headers)


def _read(turn: Any) -> Said:
    check_keys(turn, "role", "content tool_calls tool_call_id name")
    parts = turn.get("content") or []
    if not isinstance(parts, list):
        raise Refusal(400, "the content is no list of parts")
    return Said(find_role(ROLES, turn["role"]), "".join(check_keys(part, "type text")["text"] for part in parts))


def _write(call: ToolUse) -> dict[str, Any]:
    return {"type": "call", "id": call.id, "name": call.name, "input": call.arguments}
