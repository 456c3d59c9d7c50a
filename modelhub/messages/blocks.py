"""The neutral messages of a Msg, whose content is in AgentScope's blocks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelhub.media import find_local_path
from modelhub.messages.plain import write_output

if TYPE_CHECKING:
    from modelhub.messages.msg import Msg


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
