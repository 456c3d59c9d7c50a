"""A job is handed in, asked after, and may be cancelled; it is the job that fails."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump
from ..thinking import Answer, Broken, Question, Refusal, Said, check_keys, find_role, think

ROLES = {name: name for name in ("system", "user", "assistant", "tool")}
LOOKS = 2  # that find a job at work


class Protocol(Server):
    """``{job: {id, state}}``, then ``{job, result}``."""

    routes = (("POST", "/v1/jobs"), ("GET", "/v1/jobs/"))

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, list[Any]] = {}
        self.cancelled: list[str] = []

    @override
    def check(self, got: Got) -> None:
        if got.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refusal(401, "no such key")

    @override
    async def answer(self, got: Got) -> Sent:
        if got.path == "/v1/jobs":
            question = self.read(got)
            if question.order == "please break":
                raise Broken
            id = f"{len(self.jobs)}/a b?c"
            self.jobs[id] = [question, 0 if question.order != "please work on" else -1000]
            return Sent(dump({"job": {"id": id, "state": "queued"}}), 202)
        id, _, what = got.path.removeprefix("/v1/jobs/").partition("/")
        id = unquote(id)
        if id not in self.jobs:
            raise Refusal(404, "no such job")
        if what == "cancel" and got.method == "POST":
            self.cancelled.append(id)
            return Sent(dump({}))
        if what != "state" or got.headers.get("X-Look") != "yes" or got.body:
            raise Refusal(400, "that is no question")
        job = self.jobs[id]
        job[1] += 1
        return self.tell(job[0]) if job[1] > LOOKS else Sent(dump({"job": {"state": "running"}}))

    def tell(self, question: Question) -> Sent:
        """How a job ended."""
        try:
            return self.write(think(question))
        except Refusal as refusal:
            fault = {"code": f"E{refusal.kind}", "why": refusal.message, "again_in": 7}
            return Sent(dump({"job": {"state": "failed"}, "fault": fault}))

    @override
    def read(self, got: Got) -> Question:
        body = check_keys(got.json(), "messages", "tools")
        said = [
            Said(find_role(ROLES, check_keys(turn, "role", "content tool_calls tool_call_id name")["role"]), text)
            for turn in body["messages"]
            for text in [turn.get("content") or ""]
        ]
        return Question(
            said, [check_keys(tool, "name input_schema description")["name"] for tool in body.get("tools", [])]
        )

    @override
    def write(self, answer: Answer) -> Sent:
        parts: list[Any] = [{"text": piece} for piece in answer.pieces]
        parts += [{"use": {"id": call.id, "of": call.name, "with": call.arguments}} for call in answer.calls]
        result = {"parts": parts, "ended": answer.reason, "spent": {"p": answer.usage[0], "c": answer.usage[1]}}
        return Sent(dump({"job": {"state": "finished"}, "result": result}))

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        return Sent(dump({"fault": {"code": f"E{refusal.kind}", "why": refusal.message}}), refusal.kind)
