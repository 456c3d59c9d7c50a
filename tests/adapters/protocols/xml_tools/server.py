"""One prompt in a template of its own; calls stand in the text as XML; streams are lines of JSON."""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump
from ..thinking import Answer, Question, Refusal, Said, check_keys, find_role

ROLES = {"rule": "system", "human": "user", "bot": "assistant", "result": "tool"}
ENDS = {"stop": "eos", "length": "max", "tool_calls": "eos"}
TURN = re.compile(r"<(\w+)>(.*?)</\1>\n", re.S)


class Protocol(Server):
    """``{out, fin, n}``."""

    routes = (("POST", "/complete"),)
    broken = b'{"out": []}'

    @override
    def check(self, got: Got) -> None:
        if got.headers.get("X-Key") != KEY:
            raise Refusal(401, "no key")

    @override
    def read(self, got: Got) -> Question:
        body = check_keys(got.json(), "text stream", "tools stop")
        text: str = body["text"]
        if not (text.startswith("#v3\n") and text.endswith("<bot>")):
            raise Refusal(400, "that is no prompt")
        inside, said, at = text[4:-5], [], 0
        while turn := TURN.match(inside, at):
            said.append(Said(find_role(ROLES, turn[1]), turn[2]))
            at = turn.end()
        if at != len(inside):
            raise Refusal(400, "that is no turn")
        return Question(said, [tool["name"] for tool in body.get("tools", [])], body["stream"])

    @override
    def write(self, answer: Answer) -> Sent:
        return Sent(dump({"out": _write(answer), "fin": ENDS[answer.reason], "n": answer.usage}))

    @override
    def write_stream(self, answer: Answer) -> Sent:
        text = _write(answer)
        lines: list[Any] = [{"out": text[at : at + 5]} for at in range(0, len(text), 5)]
        lines.append({"out": "", "fin": ENDS[answer.reason], "n": answer.usage})
        return Sent([dump(line) + b"\n" for line in lines], kind="application/x-ndjson")

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        headers = {"Retry-After": "7"} if refusal.kind == 429 else {}
        body = f'<fault no="{refusal.kind}">{escape(refusal.message)}</fault>'.encode()
        return Sent(body, refusal.kind, "text/xml", headers)


def _write(answer: Answer) -> str:
    calls = "".join(
        f"<{call.name}>\n<city>{escape(call.arguments['city'])}</city><days>{call.arguments['days']}</days></{call.name}>"
        for call in answer.calls
    )
    return f"Let me see.<calls>{calls}</calls>" if calls else answer.text
