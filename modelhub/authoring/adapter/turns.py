"""Reads how a request has the messages: their roles, the names of their keys, or one prompt that holds them all."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from modelhub.authoring.adapter.paths import write_key, write_value
from modelhub.authoring.adapter.words import CONTENT_KEYS, ROLE_KEYS, ROLE_MEANING, ROLES, same_style

_USUAL = {
    "human": "ai",
    "question": "answer",
    "q": "a",
    "client": "bot",
    "customer": "agent",
    "in": "out",
    "用户": "助手",
    "h": "a",
    "u": "a",
}
_MARKS = {"chatml": "<|im_start|>", "llama3": "<|start_header_id|>", "llama2": "[INST]"}
_TOOL_CALLS = ("tool_calls", "function_calls", "calls", "toolCalls", "actions", "tools", "function_call")
_CALL_ID = (
    "tool_call_id",
    "call_id",
    "toolCallId",
    "callId",
    "for_call",
    "tool_id",
    "call",
    "ref",
    "id",
    "in_reply_to",
)
_TURN = re.compile(
    r"(?m)^[ \t]*(?P<open>[<\[#*|{(]*)(?P<role>[^\W\d_]{1,12})(?P<close>[>\]#*|})]*)(?P<colon>[:：]?)[ \t]*"
)


class Turns(NamedTuple):
    """What to send in the place of the messages, the config's ``messages``, and what of it is a guess."""

    value: str
    config: dict[str, Any]
    note: str = ""


def read_turns(items: Any) -> Turns | None:
    """How a list of messages is written; None if a value is no such list."""
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) and item for item in items):
        return None
    role_key = _find_role_key(items)
    if role_key is None:
        return None
    content_key = _find_content_key(items, role_key)
    if content_key is None:
        return None
    config: dict[str, Any] = {}
    roles, guessed = _read_roles([item[role_key] for item in items if isinstance(item.get(role_key), str)])
    if roles:
        config["roles"] = roles
    contents = [item[content_key] for item in items if content_key in item]
    nested = next((each for each in contents if not isinstance(each, str) and each is not None), None)
    if nested is not None and not _are_usual_parts(nested):
        shape = next(item for item in items if item.get(content_key) is nested)
        return Turns(
            f"=messages[].{_write_shape(shape, role_key, content_key)}", config, "guessed: only texts are sent"
        )
    extra = {key: value for key, value in items[0].items() if key not in (role_key, content_key)}
    always = {key: value for key, value in extra.items() if all(item.get(key) == value for item in items)}
    if always and len(items[0]) > 2 and not set(always) & {*_TOOL_CALLS, *_CALL_ID, "name"}:
        return Turns(
            f"=messages[].{_write_shape(items[0], role_key, content_key)}", config, "guessed: only texts are sent"
        )
    fields = {name: key for name, key in (("role", role_key), ("content", content_key)) if name != key}
    fields |= _read_calls(items, role_key, content_key, roles, config)
    if fields:
        config["fields"] = fields
    if nested is not None:
        config["content"] = "auto" if any(isinstance(each, str) for each in contents) else "parts"
    return Turns("=messages", config, "guessed: the roles that this request does not have" if guessed else "")


def _find_role_key(items: list[dict[str, Any]]) -> str | None:
    for known in (ROLE_KEYS, None):
        for key in items[-1]:
            values = [item.get(key) for item in items]
            if known is not None and key.lower() not in known:
                continue
            if all(isinstance(value, str) and value.lower() in ROLE_MEANING for value in values):
                return key
    return None


def _find_content_key(items: list[dict[str, Any]], role_key: str) -> str | None:
    keys = [key for item in items for key in item if key != role_key]
    usual = next((key for key in keys if key.lower() in CONTENT_KEYS), None)
    if usual is not None:
        return usual
    texts = [key for key in keys if isinstance(items[0].get(key), str)]
    return max(texts, key=lambda key: len(items[0][key]), default=None)


def _read_roles(seen: list[str]) -> tuple[dict[str, str], bool]:
    """What each role is called; and whether some of it is a guess."""
    roles: dict[str, str] = {}
    for word in seen:
        roles.setdefault(ROLE_MEANING[word.lower()], word)
    said = roles.get("user", next(iter(roles.values()), "user"))
    guessed = False
    for role in ROLES:
        if role not in roles:
            usual = _USUAL.get(said.lower(), "assistant") if role == "assistant" else role
            usual = role[0] if len(said) == 1 and said.lower() in "uha" else usual
            roles[role] = same_style(usual, said) if said.isascii() else usual
            guessed = guessed or roles[role] != role
    order = {role: roles[role] for role in ROLES if roles[role] != role}
    return order, guessed and bool(order)


def _read_calls(
    items: list[dict[str, Any]], role_key: str, content_key: str, roles: dict[str, str], config: dict[str, Any]
) -> dict[str, str]:
    """The names of the keys by which earlier messages have tool calls and their results."""
    fields: dict[str, str] = {}
    for item in items:
        for key, value in item.items():
            if key in (role_key, content_key):
                continue
            if isinstance(value, list) and value and isinstance(value[0], dict) and key in _TOOL_CALLS:
                fields |= {"tool_calls": key} if key != "tool_calls" else {}
                call = value[0].get("function", value[0])
                arguments = call.get("arguments", call.get("args")) if isinstance(call, dict) else None
                config.update({"arguments": "object"} if isinstance(arguments, dict) else {})
            elif ROLE_MEANING.get(str(item[role_key]).lower()) == "tool" and key in _CALL_ID and key != "tool_call_id":
                fields["tool_call_id"] = key
    return fields


def _are_usual_parts(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(part, dict) and part.get("type") in ("text", "image_url", "input_audio", "file") and len(part) == 2
        for part in value
    )


def _write_shape(item: dict[str, Any], role_key: str, content_key: str) -> str:
    """An expression that makes an object like a recorded message of a message."""
    parts = []
    for key, value in item.items():
        if key == role_key:
            made = "role"
        elif key == content_key:
            made = write_around(value, "content")
        else:
            made = write_value(value)
        parts.append(f"{write_key(key)}: {made}")
    return "{" + ", ".join(parts) + "}"


def write_around(value: Any, inner: str) -> str:
    """An expression of a value in which ``inner`` stands in the place of its longest text."""
    if isinstance(value, str):
        return inner
    if isinstance(value, list):
        return f"[{write_around(value[0], inner)}]" if value else "`[]`"
    if isinstance(value, dict) and value:
        texts = [key for key, item in value.items() if isinstance(item, str | list | dict)]
        named = next((key for key in texts if key.lower() in CONTENT_KEYS), None)
        chosen = named or max(texts, key=lambda key: len(str(value[key])), default=None)
        parts = [
            f"{write_key(key)}: {write_around(item, inner) if key == chosen else write_value(item)}"
            for key, item in value.items()
        ]
        return "{" + ", ".join(parts) + "}"
    return write_value(value)


def read_prompt(text: str) -> Turns | None:
    """The template by which a prompt was made of messages; None if it is a text without turns."""
    for template, mark in _MARKS.items():
        if mark in text:
            return Turns("=prompt", {"layout": "prompt", "template": template})
    found = [match for match in _TURN.finditer(text) if match["open"] or match["colon"] or match["close"]]
    found = [match for match in found if match["role"].lower() in ROLE_MEANING]
    if not found:
        return None
    first, last = found[0], found[-1]
    names = [match["role"] for match in found]
    roles, guessed = _read_roles(names)
    before = "{role}".join((first[0].split(first["role"], 1)[0], first[0].split(first["role"], 1)[1]))
    until = found[1].start() if len(found) > 1 else len(text)
    inside = text[first.end() : until]
    content = inside.strip()
    after = inside[len(inside.rstrip()) :] if len(found) > 1 else "\n"
    closing = re.search(r"(</?[^<>\s]+>|\[/[^\[\]]+\])$", content)
    after = (closing[0].replace(first["role"], "{role}") if closing else "") + after
    lead = inside[: len(inside) - len(inside.lstrip())]
    made = {"turn": f"{before}{lead}{{content}}{after}"}
    if text[: first.start()].strip():
        made["start"] = text[: first.start()]
    if len(found) > 1 and not text[last.end() :].strip():
        made["end"] = text[last.start() :]
    config: dict[str, Any] = {"layout": "prompt", "template": made}
    if roles:
        config = {"roles": roles, **config}
    return Turns("=prompt", config, "guessed: how the prompt is written" if guessed or content else "")
