"""The neutral form of a chat: what a caller may pass as ``messages``, as a list of OpenAI-shaped dicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelhub.errors import BadRequestError
from modelhub.messages.media import find_local_path

if TYPE_CHECKING:
    from modelhub.messages.msg import Msg

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_IN_PLACE_OF_CONTENT = ("tool_calls", "function_call", "audio", "refusal")


def normalize_messages(messages: Any) -> list[dict[str, Any]]:
    """A ``str``, one message, or a list of messages (dicts, Msg, or objects with role and content) as a list of dicts.

    Raises BadRequestError naming the message that cannot be sent.
    """
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    if isinstance(messages, Mapping) or hasattr(messages, "role"):
        messages = [messages]
    if not isinstance(messages, list | tuple):
        raise BadRequestError(f"messages must be a str or a list of messages, not {type(messages).__name__}")
    normalized: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        if type(message) is not dict and hasattr(message, "get_content_blocks"):
            normalized += build_messages(message)
        else:
            normalized.append(_normalize(message, index))
    return normalized


def _normalize(message: Any, index: int) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        if not hasattr(message, "role") or not hasattr(message, "content"):
            raise BadRequestError(
                f"messages[{index}] must be a dict with role and content or a Msg, not {type(message).__name__}"
            )
        dump: Any = getattr(message, "model_dump", dict)  # of the messages of a vendor's SDK
        told = {name: value for name, value in dump().items() if value is not None}
        message = {**told, "role": message.role, "content": message.content}
    role = message.get("role")
    if role not in ROLES:
        raise BadRequestError(f"messages[{index}] needs a role, one of {', '.join(sorted(ROLES))}; it has {role!r}")
    if "content" not in message and "tool_calls" not in message:
        raise BadRequestError(f"messages[{index}] ({role}) has no content")
    if message.get("content", "") is None and not any(message.get(name) for name in _IN_PLACE_OF_CONTENT):
        return {**message, "content": ""}  # vendors refuse null where nothing stands in its place
    return message if type(message) is dict else dict(message)


def build_messages(msg: Msg) -> list[dict[str, Any]]:
    """The neutral messages of a Msg: one for each result of a tool, then one for all its other content."""
    results = [
        {
            name: value
            for name, value in build_tool_message(block, write_output(block["output"])).items()
            if value is not None
        }
        for block in msg.get_content_blocks("tool_result")
    ]
    calls = [build_tool_call(block) for block in msg.get_content_blocks("tool_use")]
    content: Any = msg.content
    if not isinstance(content, str):
        content = [_build_part(block) for block in content if not block["type"].startswith("tool_")]
    if results and not content and not calls:
        return results
    message = {"role": msg.role, "content": content or (None if calls else "")}
    return [*results, {**message, "tool_calls": calls} if calls else message]


def build_tool_call(block: Mapping[str, Any]) -> dict[str, Any]:
    """A tool_use block as an item of the ``tool_calls`` of a message."""
    arguments = json.dumps(block["input"], ensure_ascii=False)
    return {"id": block["id"], "type": "function", "function": {"name": block["name"], "arguments": arguments}}


def build_tool_message(block: Mapping[str, Any], content: Any) -> dict[str, Any]:
    """A tool_result block as a message with the role "tool" and this ``content``."""
    return {"role": "tool", "tool_call_id": block["id"], "content": content, "name": block.get("name")}


def write_output(output: Any) -> str:
    """The output of a tool as text: a text as it is, other values as JSON, or as ``str`` if JSON cannot hold them."""
    if isinstance(output, str):
        return output
    try:
        return json.dumps(output, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(output)


def _build_part(block: Any) -> dict[str, Any]:
    """A block of text or media as a part of a message; local files get ``file:`` URLs."""
    kind, url = block["type"], block.get("url", "")
    if kind == "text":
        return {"type": "text", "text": block["text"]}
    if kind in ("image", "video"):
        return {"type": f"{kind}_url", f"{kind}_url": {"url": url}}
    path = find_local_path(url)
    name = path.name if path is not None else None
    if path is not None:
        url = f"file://{path}"
    if kind == "audio":
        return {"type": "input_audio", "input_audio": {"data": url, "format": find_audio_format(url)}}
    return {"type": "file", "file": {"file_data": url, **({"filename": name} if name else {})}}


def find_audio_format(url: str) -> str:
    """The ``format`` for ``input_audio``, from the end of a URL or the type of a data URI; wav if they do not say."""
    head, _, rest = url.partition(":")
    if head.lower() == "data":
        kind = rest.partition(";")[0].partition("/")[2].lower()
        return {"mpeg": "mp3", "x-wav": "wav", "wave": "wav"}.get(kind, kind) or "wav"
    name = url.partition("?")[0].rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else "wav"


def tool_choice_name(choice: Any) -> str | None:
    """The name of the tool that ``tool_choice`` demands; None for "auto", "none" and "required"."""
    if isinstance(choice, str):
        return None if choice in ("auto", "none", "required") else choice
    if isinstance(choice, Mapping):
        function = choice.get("function")
        return function.get("name") if isinstance(function, Mapping) else None
    return None
