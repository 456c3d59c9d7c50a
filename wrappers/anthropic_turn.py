"""What Anthropic's API wants back of its answers: the content blocks, exactly as they came and in their order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from modelhub.base import Dialect, build_tool_call, decode_json
from modelhub.messages.turns import fit_blocks

# The API refuses other ids: https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SERVERS_CALLS = ("server_tool_use", "mcp_tool_use")  # the API refuses them without their results
_THOUGHTS = {"thinking": ("thinking", "signature"), "redacted_thinking": ("data",)}


class ThoughtId(str):
    """The id of a tool call that also holds the ``thinking_blocks`` before the call, which the API wants back.

    It is for messages that a program writes itself from ``response.tool_calls``; ``response.to_message()`` needs no
    such ids. As JSON, only the text of the id is left.
    """

    thinking_blocks: list[dict[str, Any]]


def add_thoughts(ident: str, blocks: list[dict[str, Any]]) -> str:
    """The id of a tool call with the thinking that led to it, after the calls among the ``blocks`` before it."""
    thoughts: list[dict[str, Any]] = []
    for block in blocks:
        if block.get("type") in _THOUGHTS:
            thoughts.append(block)
        elif block.get("type") == "tool_use":
            thoughts = []
    if not thoughts:
        return ident
    thoughtful = ThoughtId(ident)
    thoughtful.thinking_blocks = thoughts
    return thoughtful


def gather(raw: Any, message: dict[str, Any]) -> dict[str, Any]:
    """The blocks of an answer, if ``message`` does not say all of it."""
    blocks = gather_blocks(raw if isinstance(raw, list) else [{**(raw or {}), "type": "message"}])
    text, calls = message.get("content"), message.get("tool_calls") or ()
    plain = [{"type": "text", "text": text}] if text else []
    plain += [_build_call(call) for call in calls]
    if blocks == plain and all(map(_ID.fullmatch, (call["id"] for call in calls))):
        return {}
    return {"content": blocks} if leave_out_empty(blocks) else {}


def restore(message: dict[str, Any], received: dict[str, Any]) -> dict[str, Any]:
    """``message`` with the blocks that came, in place of its text and its tool calls."""
    blocks = fit_blocks(received.get("content") or [], message, _is_text, _fit_call, _build_call)
    rest = {name: value for name, value in message.items() if name not in ("tool_calls", "thinking_blocks")}
    return {**rest, "content": blocks}


DIALECT = Dialect("anthropic", gather, restore)


def _is_text(block: dict[str, Any]) -> bool:
    return block.get("type") == "text"


def _build_call(call: dict[str, Any]) -> dict[str, Any]:
    built = build_tool_call(call.get("id"), call["function"]["name"], call["function"].get("arguments"))
    return {"type": "tool_use", "id": str(built.id), "name": built.name, "input": built.arguments}


def _fit_call(block: dict[str, Any], call: dict[str, Any]) -> dict[str, Any] | None:
    return {**block, **_build_call(call)} if block.get("id") == call.get("id") else None


def leave_out_empty(blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """``blocks`` without those that the API refuses: blank texts, empty thoughts, and thoughts that nothing follows."""
    kept = [block for block in blocks if not is_blank(block)]
    while kept and kept[-1].get("type") in _THOUGHTS:
        kept.pop()
    return kept


def can_mark(block: Any) -> bool:
    """Whether a block may have ``cache_control``, which thoughts and blank texts may not."""
    return isinstance(block, dict) and block.get("type") not in _THOUGHTS and not is_blank(block)


def is_block(value: Any) -> bool:
    """Whether a value is a block or a part, and not data that a tool has returned."""
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def is_blank(block: Any) -> bool:
    """Whether a block is a blank text, or a thought with neither text nor signature."""
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text":
        return isinstance(block.get("text"), str) and not block["text"].strip()
    return kind in _THOUGHTS and not any(block.get(name) for name in _THOUGHTS[kind])


def fit_id(ident: str) -> str:
    """``ident`` or, if the API would refuse it, an id that stands for it and for no other."""
    if _ID.fullmatch(ident):
        return ident
    return "call_" + hashlib.sha256(ident.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def own_ids(messages: list[dict[str, Any]]) -> frozenset[str]:
    """The ids in blocks that the API itself has given, which are its own affair."""
    contents = [message.get("content") for message in messages if message["role"] == "assistant"]
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return frozenset(b["id"] for b in blocks if isinstance(b, dict) and b.get("type") == "tool_use" and "id" in b)


class _Arriving:
    """A block of a stream, and what has come of its input."""

    def __init__(self, block: dict[str, Any]) -> None:
        self.block = block
        self.input = ""
        self.open = True

    def add(self, piece: dict[str, Any]) -> None:
        """Add a piece; only the pieces of an input are no part of the block yet."""
        block = self.block
        for name, value in piece.items():
            before = block.get(name) or ""
            if name == "citation":
                block["citations"] = [*(block.get("citations") or ()), value]
            elif name == "partial_json":
                self.input += value or ""
            elif name == "signature" and isinstance(value, str) and value.startswith(before):
                block[name] = value  # said again
            elif name != "type" and isinstance(value, str):
                block[name] = before + value

    def finish(self) -> dict[str, Any] | None:
        """The block, None if it is empty or a break has left it half."""
        kind = self.block.get("type")
        if (kind == "text" and not self.block.get("text")) or (
            kind == "thinking" and self.open and not self.block.get("signature")
        ):
            return None  # a signature comes last, and the API refuses a thought without it
        if self.input:
            try:
                self.block["input"] = decode_json(self.input)
            except ValueError:
                return None  # it is no tool call of the response either
        return self.block


def gather_blocks(events: list[Any]) -> list[dict[str, Any]]:
    """The content blocks of a streamed answer, from all of its events, without those that a break has left half."""
    arriving: list[_Arriving] = []
    by_index: dict[Any, _Arriving] = {}  # some gateways begin each block with the same index
    ended = False
    for event in events:
        kind, index = event.get("type"), event.get("index")
        if kind == "message":  # a reply that was no stream
            return [block for block in event.get("content") or () if block != {"type": "text", "text": ""}]
        if kind == "content_block_delta":
            if index in by_index:
                by_index[index].add(event["delta"])
            continue
        if arriving and kind in ("content_block_start", "content_block_stop", "message_delta", "message_stop"):
            arriving[-1].open = False
        if kind == "content_block_start":
            by_index[index] = _Arriving(dict(event["content_block"]))
            arriving.append(by_index[index])
        ended = ended or kind in ("message_delta", "message_stop")
    blocks = [block for one in arriving if (block := one.finish()) is not None]
    answered = {block.get("tool_use_id") for block in blocks}
    return [b for b in blocks if ended or b.get("type") not in _SERVERS_CALLS or b.get("id") in answered]
