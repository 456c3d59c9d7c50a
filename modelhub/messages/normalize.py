"""The neutral form of a chat: what a caller may pass as ``messages``, as a list of OpenAI-shaped dicts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.messages.blocks import build_messages
from modelhub.messages.calls import Calls, normalize_calls
from modelhub.messages.parts import THOUGHTS, OwnParts, normalize_content, normalize_output, read_text
from modelhub.messages.plain import read_fields

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
NO_PARTS: OwnParts = MappingProxyType({})
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{8,}={0,2}")
_PLAIN = ("system", "user")  # the roles of messages that need no look if they are only a text
_IN_PLACE_OF_CONTENT = ("tool_calls", "function_call", "audio", "refusal")


def normalize_messages(messages: Any, own: OwnParts = NO_PARTS) -> list[dict[str, Any]]:
    """A ``str``, one message, or messages (dicts, Msg, responses, or objects with role and content) as a list of dicts.

    All that vendors' SDKs and servers say alike has one form afterwards: parts have types (but for those of the
    vendor's ``own``), tool calls are in ``tool_calls`` with an id and arguments as text, results of tools are texts or
    parts and name their call. Raises BadRequestError naming the message, and the part, that cannot be sent.
    """
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    if type(messages) is not list:  # nearly all are
        messages = _find_messages(messages)
    calls = Calls()
    normalized: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        if type(message) is dict and len(message) == 2:
            if type(message.get("content")) is str and message.get("role") in _PLAIN:
                normalized.append(message)
                continue
        elif hasattr(message, "get_content_blocks"):
            normalized += _read_msg(message, calls)
            continue
        normalized += _normalize(message, f"messages[{index}]", own, calls)
    return normalized


def _find_messages(messages: Any) -> Iterable[Any]:
    if isinstance(messages, Mapping) or hasattr(messages, "role") or hasattr(messages, "to_message"):
        return [messages]
    if not isinstance(messages, Iterable) or isinstance(messages, bytes | set | frozenset):
        raise BadRequestError(f"messages must be a str or a list of messages, not {type(messages).__name__}")
    return messages


def _normalize(given: Any, where: str, own: OwnParts, calls: Calls) -> list[dict[str, Any]]:
    """The messages for one that was given: one, or more if it holds results of tools among its parts."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if hasattr(given, "to_message"):
        given = given.to_message()
    message = read_fields(given)
    if not isinstance(given, Mapping) and hasattr(given, "role"):  # properties and attributes of a class count, too
        message = {**(message or {}), "role": given.role, "content": getattr(given, "content", None)}
    if message is None or not (isinstance(given, Mapping) or "role" in message):
        raise BadRequestError(f"{where} must be a dict with role and content or a Msg, not {type(given).__name__}")
    role = message.get("role")
    role = role.value if isinstance(role, Enum) else role
    if not isinstance(role, str) or role not in ROLES:
        raise BadRequestError(f"{where} needs a role, one of {', '.join(sorted(ROLES))}; it has {role!r}")
    told = {name: value for name, value in message.items() if not _is_void(value) or name in ("content", "parts")}
    told["role"] = role
    if "parts" in told and "" in own:  # Gemini's own
        return [told]
    if role in ("tool", "function"):
        return [_normalize_result(told, where, own, calls)]
    return _normalize_turn(told, where, own, calls)


def _is_void(value: Any) -> bool:
    """Whether a field of a message says nothing, as the ``annotations: []`` and nulls of SDKs; vendors refuse some."""
    return value is None or (type(value) is list and not value)


def _normalize_result(message: dict[str, Any], where: str, own: OwnParts, calls: Calls) -> dict[str, Any]:
    """The message of a tool, with a text or parts, and with the id of its call."""
    if "content" not in message:
        raise BadRequestError(f"{where} ({message['role']}) has no content")
    return calls.answer({**message, "content": normalize_output(message["content"], f"{where}.content", own)})


def _normalize_turn(message: dict[str, Any], where: str, own: OwnParts, calls: Calls) -> list[dict[str, Any]]:
    """A message of anybody else; results of tools among its parts become messages before it."""
    role = message["role"]
    made = normalize_calls(message.pop("tool_calls", None), f"{where}.tool_calls")
    old = message.pop("function_call", None)  # the name of before tool_calls
    if old is not None and not made:
        made = normalize_calls([old], f"{where}.function_call")
    if (images := message.get("images")) and role != "assistant":  # Ollama's
        message = add_images(message, images)
    if "content" not in message and not made and not any(message.get(name) for name in _IN_PLACE_OF_CONTENT):
        raise BadRequestError(f"{where} ({role}) has no content")
    content = message.get("content")
    results: list[dict[str, Any]] = []
    if isinstance(content, list) and "tool_use" not in own:
        content, used, results = _take_blocks(content, where, own, calls)
        made += used
    content = normalize_content(content, f"{where}.content", own)
    if not content and "refusal" in message and "refusal" not in own:  # which only OpenAI has beside the content
        message["content"] = content = read_text(message.pop("refusal"), f"{where}.refusal")
    if made:
        message["tool_calls"] = calls.add(made)
    if "name" in message:
        message["name"] = read_text(message["name"], f"{where}.name")
        if not message["name"].strip():
            del message["name"]
    if not content and results and not made:
        return results
    if content is None and not any(message.get(name) for name in _IN_PLACE_OF_CONTENT):
        content = ""  # vendors refuse null where nothing stands in its place
    if "content" in message or not made:
        message["content"] = content
    return [*results, message]


def add_images(message: dict[str, Any], images: Any) -> dict[str, Any]:
    """``message`` with its ``images``, which are beside the content, as parts of it."""
    items = list(images) if isinstance(images, list | tuple) else [images]
    content = message.get("content")
    parts = [*content] if isinstance(content, list) else [content]
    for image in items:
        typed = isinstance(image, Mapping) and "type" in image
        parts.append(image if typed else {"type": "image_url", "image_url": {"url": find_bare(image)}})
    return {**{name: value for name, value in message.items() if name != "images"}, "content": parts}


def find_bare(image: Any) -> Any:
    """A data URI for bare base64, which Ollama's messages have; another ``image`` as it is."""
    bare = isinstance(image, str) and _BASE64.fullmatch(image) and not os.path.isfile(image)  # noqa: PTH113
    return f"data:;base64,{image}" if bare else image


def _take_blocks(
    content: list[Any], where: str, own: OwnParts, calls: Calls
) -> tuple[list[Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """Parts without the blocks that only Anthropic and AgentScope have among them, the calls, and the results."""
    parts: list[Any] = []
    used: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for n, item in enumerate(content):
        fields = read_fields(item)
        kind = fields.get("type") if fields else None
        place = f"{where}.content[{n}]"
        if fields is None or not isinstance(kind, str):
            parts.append(item)
        elif kind == "tool_use":
            used += normalize_calls([fields], place)
        elif kind == "tool_result":
            output = normalize_output(fields.get("content", fields.get("output")), f"{place}.content", own)
            result = {"role": "tool", "tool_call_id": fields.get("tool_use_id") or fields.get("id"), "content": output}
            results.append(calls.answer(result | ({"is_error": True} if fields.get("is_error") else {})))
        elif kind not in THOUGHTS or kind in own:
            parts.append(item)
    return parts, used, results


def _read_msg(msg: Any, calls: Calls) -> list[dict[str, Any]]:
    """The messages of a Msg, whose calls and results have ids."""
    return [_link(message, calls) for message in build_messages(msg)]


def _link(message: dict[str, Any], calls: Calls) -> dict[str, Any]:
    if message["role"] == "tool":
        return calls.answer(message)
    if "tool_calls" in message:
        calls.add(message["tool_calls"])
    return message
