"""What Claude has told that is wanted back, or told, as it was: signed thoughts, and the sequence that stopped it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelhub.server.formats.replies import Json

_HIDDEN = "redacted_thinking"


def find_thoughts(raw: Any) -> list[Json]:
    """The thoughts with a signature, and the hidden ones, in a reply of Anthropic's or in the events of a stream."""
    blocks = (block for block in find_blocks(raw) if block["type"] == _HIDDEN or block.get("signature"))
    return [_clean(block) for block in blocks]


def _clean(block: Json) -> Json:
    names = ("data",) if block["type"] == _HIDDEN else ("thinking", "signature")
    return {"type": block["type"], **{name: block.get(name) or "" for name in names}}


def find_stop(raw: Any) -> str | None:
    """The stop sequence that has ended an answer of Claude's; None if none has."""
    told = raw if isinstance(raw, dict) and raw.get("type") == "message" else {}
    for event in _typed(raw if isinstance(raw, list) else None):
        if event["type"] == "message_delta" and isinstance(event.get("delta"), dict):
            told = event["delta"]
    stop = told.get("stop_sequence")
    return stop if isinstance(stop, str) else None


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
        if _clean(block) in thoughts:
            ordered.append(_clean(block))
        elif block["type"] == "text" and texts:
            ordered.append(texts.pop())
        elif block["type"] == "tool_use" and block.get("id") in by_id:
            ordered.append(by_id.pop(block["id"]))
    return [*ordered, *texts, *by_id.values()]
