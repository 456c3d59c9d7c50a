"""What those who speak OpenAI's API want back of their answers, beside text and tool calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.messages.turns import fit_blocks

from .openai_answer import find_tool_calls
from .openai_messages import MAX_LENGTH, OwnId

# Texts, whose pieces are joined. DeepSeek, Kimi, Z.AI and Qwen want the first of them:
# https://api-docs.deepseek.com/guides/thinking_mode; vLLM and OpenRouter call it the second, GitHub's models the third.
_TEXTS = ("reasoning_content", "reasoning", "reasoning_text", "reasoning_opaque", "refusal")
# Objects: of Gemini (https://ai.google.dev/gemini-api/docs/thought-signatures) and of LiteLLM; calls may have them too.
_OBJECTS = ("extra_content", "provider_specific_fields")
# Lists of blocks: of OpenRouter (https://openrouter.ai/docs/use-cases/reasoning-tokens) and of LiteLLM.
_LISTS = ("reasoning_details", "thinking_blocks")


def gather(raw: Any, message: dict[str, Any]) -> dict[str, Any]:
    """What of an answer ``message`` lacks."""
    kept: dict[str, Any] = {}
    texts: dict[str, list[str]] = {}
    parts: list[Any] = []
    calls: list[dict[str, Any]] = []
    pieces = list(find_pieces(raw))
    in_parts = any(isinstance(piece.get("content"), list) for piece, _ in pieces)
    for piece, streamed in pieces:
        for name in _TEXTS:
            if isinstance(piece.get(name), str):
                texts.setdefault(name, []).append(piece[name])
        for name in _OBJECTS:
            if is_told(piece.get(name)):
                kept[name] = merge(kept.get(name) or {}, piece[name])
        for name in _LISTS:
            if isinstance(piece.get(name), list) and piece[name]:
                kept[name] = add_blocks(kept.get(name) or [], piece[name], streamed)
        audio = piece.get("audio")
        if isinstance(audio, dict) and audio.get("id"):
            kept["audio"] = {"id": audio["id"]}
        if in_parts:
            parts = add_parts(parts, piece.get("content"))
        if piece.get("tool_calls"):
            add_calls(calls, find_tool_calls(piece))
    told_texts = {name: "".join(said) for name, said in texts.items()}
    kept |= {name: text for name, text in told_texts.items() if text or name != "refusal"}
    if any(map(are_thoughts, parts)):
        kept["content"] = parts
    told = match_calls(calls, message.get("tool_calls") or ())
    if told or any(len(call["id"]) > MAX_LENGTH for call in message.get("tool_calls") or ()):
        kept["tool_calls"] = told
    return kept


def restore(message: dict[str, Any], received: dict[str, Any]) -> dict[str, Any]:
    """``message`` with what came beside its text and its tool calls."""
    message = {**message, **{name: received[name] for name in (*_TEXTS, *_OBJECTS, *_LISTS) if name in received}}
    if "audio" in received:
        message["audio"] = received["audio"]
    if message.get("content") in ("", received.get("refusal")) and ("audio" in received or "refusal" in received):
        message["content"] = None  # they stand in its place
    if received.get("content"):
        text = {"content": message.get("content")}
        message["content"] = fit_blocks(received["content"], text, is_text, lambda block, call: None, lambda call: call)
    if message.get("tool_calls"):
        told = {call.get("id"): call for call in received.get("tool_calls") or ()}
        message["tool_calls"] = [restore_call(call, told.get(call.get("id")) or {}) for call in message["tool_calls"]]
    return message


def restore_call(call: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """A tool call with what came with it, and with the id that its vendor gave it."""
    call = {**call, **{name: told[name] for name in _OBJECTS if name in told}}
    if call.get("id"):
        call["id"] = OwnId(call["id"])
    function = call.get("function") or {}
    if told.get("type") == "custom" and "custom" in told:
        return {"id": call["id"], "type": "custom", "custom": told["custom"]}
    if told.get("function"):
        call["function"] = {**function, **told["function"]}
    return call


def find_pieces(raw: Any) -> Iterator[tuple[dict[str, Any], bool]]:
    """The message of a reply, or the deltas of a stream, of the first choice; and whether it is a delta."""
    for data in raw if isinstance(raw, list) else [raw]:
        if not isinstance(data, dict):
            continue
        inner = data.get("data")
        if isinstance(inner, dict) and isinstance(inner.get("response"), dict):  # AgentScope's envelope
            data = inner["response"]
        for choice in data.get("choices") or ():
            if isinstance(choice, dict) and choice.get("index", 0) in (0, None):
                piece = choice.get("delta") or choice.get("message")
                if isinstance(piece, dict):
                    yield piece, bool(choice.get("delta"))
                break


def is_told(value: Any) -> bool:
    """Whether an object says anything; LiteLLM has some that are full of nulls."""
    return isinstance(value, dict) and any(item is not None for item in value.values())


def merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """An object of which the pieces of a stream tell one part each."""
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[name] = merge(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            merged[name] = before + [item for item in value if item not in before]
        elif value is not None or name not in merged:
            merged[name] = value
    return merged


def add_blocks(blocks: list[Any], pieces: list[Any], streamed: bool) -> list[Any]:
    """``blocks`` and those in ``pieces``; of a stream, the pieces of one block are joined."""
    blocks = list(blocks)
    for piece in pieces:
        n = find_block(blocks, piece) if streamed and isinstance(piece, dict) else None
        if n is None:
            blocks.append(piece)
            continue
        joined = dict(blocks[n])
        for name, value in piece.items():
            if name in ("text", "summary", "thinking") and isinstance(value, str):
                joined[name] = (joined.get(name) or "") + value
            elif value not in (None, "") or name not in joined:
                joined[name] = value
        blocks[n] = joined
    return blocks


def find_block(blocks: list[Any], piece: dict[str, Any]) -> int | None:
    """The place of the block that ``piece`` goes on; only texts and summaries come in pieces."""
    index, kind = piece.get("index"), piece.get("type")
    for n in reversed(range(len(blocks))):
        block = blocks[n]
        same = isinstance(block, dict) and kind in (None, block.get("type")) and "data" not in {*block, *piece}
        if index is None:  # the newest one, unless its signature has ended it
            return n if same and not (block.get("signature") and begins(piece)) else None
        if same and block.get("index") == index:
            return n
    return None


def begins(piece: dict[str, Any]) -> bool:
    """Whether a piece has a text, and not only a signature."""
    return any(piece.get(name) for name in ("text", "summary", "thinking"))


def is_text(part: Any) -> bool:
    """Whether a part of a content is a text."""
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def add_parts(parts: list[Any], content: Any) -> list[Any]:
    """``parts`` and those of a message's content, as Mistral gives its thoughts; the pieces of one part are joined."""
    if isinstance(content, str) and content:
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list):
        return parts
    parts = list(parts)
    for part in content:
        last = parts[-1] if parts else None
        if last is not None and is_text(part) and is_text(last):
            parts[-1] = {**last, **part, "text": last["text"] + part["text"]}
        elif last is not None and are_thoughts(last) and are_thoughts(part):
            parts[-1] = {**last, **part, "thinking": add_parts(last["thinking"], part["thinking"])}
        else:
            parts.append(part)
    return parts


def are_thoughts(part: Any) -> bool:
    """Whether a part holds thoughts as Mistral gives them: https://docs.mistral.ai/capabilities/reasoning."""
    return isinstance(part, dict) and part.get("type") == "thinking" and isinstance(part.get("thinking"), list)


def add_calls(calls: list[dict[str, Any]], pieces: list[dict[str, Any]]) -> None:
    """Add what the pieces of tool calls tell beside name and arguments to ``calls``, one item for each call."""
    for piece in pieces:
        index, ident = piece.get("index"), piece.get("id")
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        same = [call for call in calls if call["index"] == index] if index is not None else calls[-1:]
        call = same[-1] if same else None
        if call is None or (ident and call["id"] and ident != call["id"] and (index is None or function.get("name"))):
            calls.append(call := {"index": index, "id": ident, "told": {}})
        call["id"] = call["id"] or ident
        told = call["told"]
        for name in _OBJECTS:
            if is_told(piece.get(name)):
                told[name] = merge(told.get(name) or {}, piece[name])
        beside = {n: value for n, value in function.items() if n in (*_OBJECTS, "thought_signature") and value}
        if beside:
            told["function"] = merge(told.get("function") or {}, beside)
        custom = piece.get("custom")
        if isinstance(custom, dict):
            before = told.get("custom") or {"name": "", "input": ""}
            words = before["input"] + (custom.get("input") or "")
            told.update(type="custom", custom={"name": before["name"] or custom.get("name"), "input": words})


def match_calls(calls: list[dict[str, Any]], made: Any) -> list[dict[str, Any]]:
    """What ``calls`` tell, with the ids of the calls ``made`` of them; those that tell nothing are left out."""
    idents = [call["id"] for call in made]
    if len(calls) == len(idents):
        pairs = [
            (call["id"] if call["id"] in idents else ident, call) for call, ident in zip(calls, idents, strict=True)
        ]
    else:
        pairs = [(call["id"], call) for call in calls if call["id"] in idents]
    return [{"id": ident, **call["told"]} for ident, call in pairs if call["told"]]
