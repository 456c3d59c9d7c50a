"""The prompt of Llama 3; calls stand in the text as JSON between two marks; a stream is one JSON array."""

from __future__ import annotations

import json
import re
from typing import Any

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump
from ..thinking import WAIT, Answer, Question, Refusal, Said, check_keys, find_role

ROLES = {"system": "system", "user": "user", "assistant": "assistant", "ipython": "tool"}
START, TURN_END = "<|begin_of_text|>", "<|eot_id|>"
END = "<|start_header_id|>assistant<|end_header_id|>\n\n"
HEAD = re.compile(r"<\|start_header_id\|>(\w+)<\|end_header_id\|>\n\n(.*)", re.S)


class Protocol(Server):
    """``{ok, say, meta}``."""

    routes = (("POST", "/llm/3/gen"),)
    broken = b"[1, 2"

    @override
    def check(self, got: Got) -> None:
        if got.headers.get("x-api-key") != KEY:
            raise Refusal(401, "no key")

    @override
    def read(self, got: Got) -> Question:
        body = check_keys(got.json(), "p chunks", "functions opts")
        check_keys(body.get("opts", {}), "", "temperature stop")
        prompt: str = body["p"]
        if not (prompt.startswith(START) and prompt.endswith(END)):
            raise Refusal(400, "that is no prompt")
        *turns, rest = prompt.removeprefix(START).removesuffix(END).split(TURN_END)
        heads = [HEAD.fullmatch(turn) for turn in turns]
        if rest or None in heads:
            raise Refusal(400, "that is no turn")
        said = [Said(find_role(ROLES, head[1]), head[2]) for head in heads if head is not None]
        return Question(said, [tool["function"]["name"] for tool in body.get("functions", [])], body["chunks"])

    @override
    def write(self, answer: Answer) -> Sent:
        return Sent(dump({"ok": True, "say": [{"t": _write(answer)}], "meta": _describe(answer)}))

    @override
    def write_stream(self, answer: Answer) -> Sent:
        text = _write(answer)
        told: list[Any] = [{"ok": True, "say": [{"t": text[at : at + 4]}]} for at in range(0, len(text), 4)]
        body = json.dumps([*told, {"ok": True, "meta": _describe(answer)}], indent=1, ensure_ascii=False).encode()
        return Sent([body[at : at + 7] for at in range(0, len(body), 7)])

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        return Sent(dump({"ok": False, "err": {"no": refusal.kind, "txt": refusal.message, "again": WAIT}}))


def _write(answer: Answer) -> str:
    calls = [
        f"<|tool|>{json.dumps({'name': call.name, 'arguments': call.arguments})}<|/tool|>" for call in answer.calls
    ]
    return "\n".join(calls) or answer.text


def _describe(answer: Answer) -> dict[str, Any]:
    return {"why": answer.reason.replace("tool_calls", "stop"), "in": answer.usage[0], "out": answer.usage[1]}
