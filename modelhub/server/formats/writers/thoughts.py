"""The thoughts of Claude in what was received of it, whole or streamed: signed, and wanted back as they were."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelhub.server.formats.replies import Json

_HIDDEN = "redacted_thinking"


def find_thoughts(raw: Any) -> list[Json]:
    """The thoughts with a signature, and the hidden ones, in a reply of Anthropic's or in the events of a stream."""
    return [block for block in find_blocks(raw) if block["type"] == _HIDDEN or block.get("signature")]


def find_blocks(raw: Any) -> list[Json]:
    """The thoughts, the calls and the starts of texts, in their order; none in what is not Anthropic's."""
    if isinstance(raw, dict):
        content = raw.get("content") if raw.get("type") == "message" else None
        return [dict(block) for block in _typed(content) if _is_whole(block)]
    blocks: dict[Any, Json] = {}
    for event in _typed(raw if isinstance(raw, list) else None):
        inner = event.get("content_block") if event["type"] == "content_block_start" else event.get("delta")
        if not isinstance(inner, dict):
            continue
        if event["type"] == "content_block_start":
            blocks[event.get("index")] = dict(inner)
        elif event["type"] == "content_block_delta" and event.get("index") in blocks:
            block = blocks[event.get("index")]
            for name in ("thinking", "signature"):
                if isinstance(inner.get(name), str):
                    block[name] = (block.get(name) or "") + inner[name]
    return [block for block in blocks.values() if _is_whole(block)]


def _typed(items: Any) -> Iterable[Json]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and isinstance(item.get("type"), str):
            yield item


def _is_whole(block: Json) -> bool:
    return isinstance(block.get("type"), str) and (block["type"] != _HIDDEN or isinstance(block.get("data"), str))


def order_blocks(raw: Any, thoughts: list[Json], texts: list[Json], calls: list[Json]) -> list[Json]:
    """Thoughts, texts and calls in the order in which Claude has given them: thoughts stay before what they led to."""
    ordered: list[Json] = []
    by_id = {call["id"]: call for call in calls}
    for block in find_blocks(raw):
        if block in thoughts:
            names = ("data",) if block["type"] == _HIDDEN else ("thinking", "signature")
            ordered.append({"type": block["type"], **{name: block.get(name) or "" for name in names}})
        elif block["type"] == "text" and texts:
            ordered.append(texts.pop())
        elif block["type"] == "tool_use" and block.get("id") in by_id:
            ordered.append(by_id.pop(block["id"]))
    return [*ordered, *texts, *by_id.values()]
