"""Each event has the whole text so far, and the calls so far; failures come as a 200, also in the middle."""

from __future__ import annotations

import base64
import json
from typing import Any

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump, write_events
from ..thinking import WAIT, Answer, Question, Refusal, Said, check_keys, find_role

ROLES = {"user": "user", "model": "assistant", "observation": "tool"}
ENDS = {"stop": "eos", "length": "max", "tool_calls": "tool"}
KINDS = {400: "invalid", 401: "login", 429: "rate_limited"}


class Protocol(Server):
    """``{so_far, calls, end}``."""

    routes = (("POST", "/api"),)
    broken = b'{"so_far": null, "end": "eos"}'

    @override
    def check(self, got: Got) -> None:
        login = base64.b64encode(f"tests:{KEY}".encode()).decode()
        if got.headers.get("Authorization") != f"Basic {login}":
            raise Refusal(401, "log in")

    @override
    def read(self, got: Got) -> Question:
        body = check_keys(got.json(), "turns mode", "functions")
        return Question([_read(turn) for turn in body["turns"]], body.get("functions", []), body["mode"] == "live")

    @override
    def write(self, answer: Answer) -> Sent:
        return Sent(dump(self.tell(answer, len(answer.text), True)))

    @override
    def write_stream(self, answer: Answer) -> Sent:
        ends = [*range(0, len(answer.text), 3), len(answer.text)]
        return Sent(
            write_events(*(self.tell(answer, end, n == len(ends)) for n, end in enumerate(ends, 1)), {"late": "x"}),
            kind="text/event-stream",
        )

    def tell(self, answer: Answer, end: int, is_last: bool) -> dict[str, Any]:
        """What there is of an answer."""
        calls = [{"call": call.id, "fn": call.name, "with": json.dumps(call.arguments)} for call in answer.calls]
        more = {"end": ENDS[answer.reason], "tokens": answer.usage} if is_last else {"end": None}
        return {"so_far": answer.text[:end] or None, "calls": calls, **more}

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        kind = KINDS.get(refusal.kind, "internal")
        return Sent(dump({"error": {"type": kind, "message": refusal.message, "retry_in": WAIT}}))


def _read(turn: Any) -> Said:
    check_keys(turn, "role", "content tool_calls ref name")
    return Said(find_role(ROLES, turn["role"]), turn.get("content") or "")
