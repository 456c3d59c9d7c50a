"""What a request says: messages and tools as chat templates take them, from the forms in which clients write them."""

from __future__ import annotations

import json
from typing import Any

from .refusal import Refusal, refuse_value

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
Message = dict[str, Any]


def parse_messages(value: Any, param: str = "messages") -> list[Message]:
    """The messages of a request, their content always a string; raises Refusal."""
    if not isinstance(value, list) or not value:
        raise refuse_value(param, "a list of at least one message")
    return name_speakers([parse_message(message, f"{param}[{n}]") for n, message in enumerate(value)])


def parse_message(message: Any, param: str) -> Message:
    if not isinstance(message, dict):
        raise refuse_value(param, "an object with a role and a content")
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise refuse_value(f"{param}.role", f"one of {', '.join(ROLES)}")
    parsed: Message = {"role": ROLES[role]}
    calls = message.get("tool_calls")
    if calls is not None and role == "assistant":
        parsed["tool_calls"] = parse_calls(calls, f"{param}.tool_calls")
    if message.get("content") is None and not parsed.get("tool_calls"):
        raise refuse_value(f"{param}.content", "a string or a list of text parts")
    parsed["content"] = parse_content(message.get("content"), f"{param}.content")
    for name in ("name", "tool_call_id"):
        if not isinstance(message.get(name), str | None):
            raise refuse_value(f"{param}.{name}", "a string")
        if message.get(name):
            parsed[name] = message[name]
    return parsed


def parse_content(content: Any, param: str) -> str:
    """The text of a content: a string, or parts that all are text."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise refuse_value(param, "a string or a list of text parts")
    for n, part in enumerate(content):
        kind = part.get("type", "text") if isinstance(part, dict) else None
        if kind != "text" or not isinstance(part.get("text"), str):
            raise Refusal(400, f"'{param}[{n}]' is not text, which is all this model reads", "invalid_value", param)
    return "\n".join(part["text"] for part in content)


def parse_calls(calls: Any, param: str) -> list[dict[str, Any]]:
    """Earlier tool calls, their arguments decoded: templates write them as JSON themselves."""
    if not isinstance(calls, list):
        raise refuse_value(param, "a list of tool calls")
    parsed = []
    for n, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise refuse_value(f"{param}[{n}].function", "an object with a name and arguments")
        arguments = function.get("arguments") or {}
        try:
            arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise refuse_value(f"{param}[{n}].function.arguments", "a JSON object")
        named = {"name": function["name"], "arguments": arguments}
        parsed.append({"id": call.get("id"), "type": "function", "function": named})
    return parsed


def name_speakers(messages: list[Message]) -> list[Message]:
    """The messages without names; where a role has several speakers, each one's is put before what they say."""
    speakers: dict[str, set[str]] = {}
    for message in messages:
        if message["role"] in ("user", "assistant"):
            speakers.setdefault(message["role"], set()).add(message.get("name") or message["role"])
    unnamed = []
    for message in messages:
        name = message.get("name")
        plain = (
            {key: value for key, value in message.items() if key != "name"} if message["role"] != "tool" else message
        )
        if name and len(speakers.get(message["role"], ())) > 1:
            plain["content"] = f"{name}: {plain['content']}"
        unnamed.append(plain)
    return unnamed


def parse_tools(tools: Any, choice: Any) -> list[dict[str, Any]] | None:
    """The tools that the model is to know of; raises Refusal."""
    if choice not in (None, "auto", "none"):
        raise refuse_value("tool_choice", '"auto" or "none": this service cannot force a call')
    if tools is None:
        return None
    if not isinstance(tools, list):
        raise refuse_value("tools", "a list of tools")
    for n, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise refuse_value(f"tools[{n}]", 'an object {"type": "function", "function": {"name": ...}}')
    return tools if tools and choice != "none" else None


def build_plain_prompt(messages: list[Message]) -> str:
    """The prompt for a model that has no chat template: a line for each message, and the start of the answer's."""
    return "".join(f"{message['role']}: {message['content']}\n" for message in messages) + "assistant:"
