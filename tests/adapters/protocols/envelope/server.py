"""Every reply is a 200 with a code in it; roles and keys have names of their own."""

from __future__ import annotations

import json
from typing import Any

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump, write_events
from ..thinking import Answer, Question, Refusal, Said, ToolUse, check_keys, check_kind, find_role

ROLES = {"system": "system", "human": "user", "ai": "assistant", "function": "tool"}
STOPS = {"stop": "done", "length": "cut", "tool_calls": "call"}
CODES = {400: 4000, 401: 4003, 404: 4004, 429: 4001}


class Protocol(Server):
    """``{code, msg, result}``."""

    routes = (("POST", "/v2/generate"),)
    broken = b'{"code": 0, "msg": "ok", "result": {"output": []}}'

    @override
    def check(self, got: Got) -> None:
        if got.headers.get("X-Token") != KEY:
            raise Refusal(401, "who are you?")

    @override
    def read(self, got: Got) -> Question:
        body = check_keys(got.json(), "conversation params stream", "tools")
        check_keys(body["params"], "n", "temp max")
        tools = [tool["function"]["name"] for tool in body.get("tools", [])]
        return Question([_read(turn) for turn in body["conversation"]], tools, check_kind(body["stream"], bool))

    @override
    def write(self, answer: Answer) -> Sent:
        result: dict[str, Any] = {
            "output": [{"content": answer.text or None}],
            "stop": STOPS[answer.reason],
            "calls": [{"id": call.id, "fn": call.name, "args": call.arguments} for call in answer.calls],
        }
        return Sent(dump({"code": 0, "msg": "ok", "result": result, "usage": _count(answer)}))

    @override
    def write_stream(self, answer: Answer) -> Sent:
        calls = [{"id": call.id, "fn": call.name, "args": call.arguments} for call in answer.calls]
        events = [{"code": 0, "delta": {"text": piece}} for piece in answer.pieces]
        end = {"code": 0, "delta": {}, "stop": STOPS[answer.reason], "usage": _count(answer), "calls": calls}
        return Sent(write_events(*events, end, last="[DONE]"), kind="text/event-stream")

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        return Sent(dump({"code": CODES.get(refusal.kind, 5000), "msg": refusal.message, "wait": 7, "result": None}))


def _read(turn: Any) -> Said:
    check_keys(turn, "from", "say function_calls call")
    calls = [
        ToolUse(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in turn.get("function_calls", [])
    ]
    return Said(find_role(ROLES, turn["from"]), turn.get("say") or "", calls)


def _count(answer: Answer) -> dict[str, int]:
    return dict(zip(("in", "out"), answer.usage, strict=True))
