"""GBK there and back, and Chinese names for all; its streams are lines that begin with two arrows."""

from __future__ import annotations

from typing import Any

from modelhub.overriding import override

from ..base import KEY, Got, Sent, Server, dump
from ..thinking import Answer, Question, Refusal, Said, ToolUse, check_keys, find_role

ROLES = {"用户": "user", "助手": "assistant", "工具": "tool"}
ENDS = {"stop": "正常", "length": "截断", "tool_calls": "调用"}
CODES = {400: "参数", 401: "身份", 429: "太快"}


class Protocol(Server):
    """``{回答, 结束, 用量}``."""

    routes = (("POST", "/chat"),)
    broken = "{'回答'}".encode("gbk")

    @override
    def check(self, got: Got) -> None:
        if got.parameters().get("appkey") != KEY:
            raise Refusal(401, "你是谁？")
        if got.headers["Content-Type"] != "application/json; charset=gbk":
            raise Refusal(400, f"编码不对: {got.headers['Content-Type']}")

    @override
    def read(self, got: Got) -> Question:
        body = check_keys(got.json("gbk"), "对话 流", "系统 工具")
        said = [_read(turn) for turn in body["对话"]]
        if "系统" in body:
            said.insert(0, Said("system", body["系统"]))
        tools = [check_keys(tool, "name parameters", "description")["name"] for tool in body.get("工具", [])]
        return Question(said, tools, body["流"] == "是")

    @override
    def write(self, answer: Answer) -> Sent:
        calls = [_write(call) for call in answer.calls]
        told = {"回答": answer.text or None, "结束": ENDS[answer.reason], "用量": answer.usage, "调用": calls}
        return Sent(dump(told, "gbk"), kind="text/plain")

    @override
    def write_stream(self, answer: Answer) -> Sent:
        end = {"结束": ENDS[answer.reason], "用量": answer.usage, "调用": [_write(call) for call in answer.calls]}
        told: list[Any] = [*({"回答": piece} for piece in answer.pieces), end]
        lines = [b">> " + dump(event, "gbk") + b"\r\n" for event in told]
        body = b"-- hello\r\n" + b"-- alive\r\n".join(lines) + b">> END\r\n"
        return Sent([body[at : at + 5] for at in range(0, len(body), 5)], kind="text/plain")

    @override
    def refuse(self, refusal: Refusal) -> Sent:
        told = {"码": CODES.get(refusal.kind, "别的"), "话": f"不行：{refusal.message}", "等": "7"}
        return Sent(dump({"错误": told}, "gbk"), status=503 if refusal.kind != 400 else 400, kind="text/plain")


def _read(turn: Any) -> Said:
    check_keys(turn, "谁", "说 调用 号 name")
    calls = [
        ToolUse(call["id"], call["function"]["name"], check_keys(call["function"]["arguments"], "city days deep"))
        for call in turn.get("调用", [])
    ]
    return Said(find_role(ROLES, turn["谁"]), turn.get("说") or "", calls)


def _write(call: ToolUse) -> dict[str, Any]:
    return {"号": call.id, "名": call.name, "参": dump(call.arguments).decode()}
