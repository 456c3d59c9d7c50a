"""GET with all that is asked in the query; streams are at another address, and their data is text."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump
from ..thinking import Answer, Question, Refusal, Said, check_keys, find_role

ROLES = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}
ENDS = {"stop": 0, "length": 1, "tool_calls": 2}


class Protocol(Server):
    """``{a, finish}``."""

    routes = (("GET", "/ask"), ("GET", "/ask/live"))
    broken = b"<html>busy</html>"

    @override
    def check(self, got: Got) -> None:
        if got.headers.get("Authorization") != f"Token token={KEY}":
            raise Refusal(401, "no token")

    @override
    def read(self, got: Got) -> Question:
        asked = parse_qs(got.query, keep_blank_values=True, strict_parsing=True)
        check_keys(asked, "lang q turn", "tool t")
        if got.body or asked["lang"] != ["en"]:
            raise Refusal(400, "there is a body, or no language")
        said = [_read(json.loads(turn)) for turn in asked["turn"]]
        question = Question(said, [json.loads(tool)["name"] for tool in asked.get("tool", [])], got.path == "/ask/live")
        if asked["q"] != [question.order]:
            raise Refusal(400, "q is not what is asked")
        return question

    @override
    def write(self, answer: Answer) -> Sent:
        use = [{"f": call.name, "x": call.arguments} for call in answer.calls]
        return Sent(b"\xef\xbb\xbf" + dump({"a": answer.text, "finish": ENDS[answer.reason], "use": use}))

    @override
    def write_stream(self, answer: Answer) -> Sent:
        events = ["".join(f"data: {line}\n" for line in piece.split("\n")) for piece in answer.pieces]
        return Sent([f": hm\n{event}\n".encode() for event in [*events, "data: [[END]]\n"]], kind="text/event-stream")

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        headers = {"Retry-After": "7"} if refusal.kind == 429 else {}
        return Sent(dump({"e": refusal.kind * 10, "m": refusal.message}), refusal.kind, headers=headers)


def _read(turn: Any) -> Said:
    check_keys(turn, "r", "c tool_calls tool_call_id name")
    return Said(find_role(ROLES, turn["r"]), turn.get("c") or "")
