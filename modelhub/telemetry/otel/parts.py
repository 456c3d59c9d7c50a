"""Messages, answers and tools in the form of the conventions' JSON Schemas."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson

from modelhub.response import ModelResponse

Part = dict[str, Any]
_MEDIA = {"image_url": "image", "video_url": "video", "input_audio": "audio", "file": "document"}
_REASONS = {"tool_calls": "tool_call"}  # the conventions' words, where they are not OpenAI's


def build_message(message: dict[str, Any]) -> Part:
    """A message in the neutral form."""
    content = message.get("content")
    parts: list[Part] = [{"type": "text", "content": content}] if isinstance(content, str) and content else []
    if message["role"] in ("tool", "function"):
        told = content if isinstance(content, str) else list(map(_build_part, content or ()))
        parts = [{"type": "tool_call_response", "id": message.get("tool_call_id"), "response": told}]
    elif isinstance(content, list):
        parts = list(map(_build_part, content))
    if isinstance(thoughts := message.get("reasoning_content"), str) and thoughts:
        parts = [{"type": "reasoning", "content": thoughts}, *parts]
    parts += map(_build_call, message.get("tool_calls") or ())
    name = message.get("name")
    return {"role": message["role"], "parts": parts, **({"name": name} if isinstance(name, str) else {})}


def build_answer(response: ModelResponse) -> Part:
    """The message of an answer."""
    parts: list[Part] = []
    if response.reasoning:
        parts.append({"type": "reasoning", "content": response.reasoning})
    if response.text:
        parts.append({"type": "text", "content": response.text})
    if response.refusal:
        parts.append({"type": "refusal", "content": response.refusal})
    for call in response.tool_calls or ():
        parts.append({"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments})
    parts += (_build_medium("image", url, {}) for url in response.image_urls or ())
    reason = response.finish_reason
    return {"role": "assistant", "parts": parts, "finish_reason": _REASONS.get(reason or "", reason)}


def build_tool(tool: dict[str, Any]) -> Part:
    """A tool in OpenAI's form; one that only a vendor has, as it is."""
    function = tool.get("function")
    if not isinstance(function, dict):
        return {"name": tool.get("type"), **tool}
    return {
        "type": "function",
        **{key: function[key] for key in ("name", "description", "parameters") if key in function},
    }


def _build_part(part: Any) -> Part:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        return {"type": "text", "content": part.get("text")}
    if kind not in _MEDIA:
        return part if isinstance(kind, str) else {"type": "unknown", "content": part}
    held = part.get(kind)
    held = held if isinstance(held, dict) else {}
    source = next((held[name] for name in ("url", "data", "file_data", "file_id") if held.get(name) is not None), None)
    return _build_medium(_MEDIA[kind], source, held)


def _build_medium(modality: str, source: Any, held: dict[str, Any]) -> Part:
    """A medium: data of its own, a URL, or the id of a file that the vendor has."""
    text = source if isinstance(source, str) else ""
    if text[:5].lower() == "data:":
        label, _, data = text[5:].partition(",")
        return {"type": "blob", "modality": modality, "mime_type": label.partition(";")[0] or None, "content": data}
    if "://" in text:
        return {"type": "uri", "modality": modality, "mime_type": None, "uri": text}
    if "file_id" in held:
        return {"type": "file", "modality": modality, "file_id": text}
    kind = f"{modality}/{held['format']}" if "format" in held else None
    return {"type": "blob", "modality": modality, "mime_type": kind, "content": text}


def _build_call(call: Any) -> Part:
    held = call.get("function") or call.get("custom") or {}
    arguments: Any = held.get("arguments", held.get("input"))
    with suppress(orjson.JSONDecodeError):
        arguments = orjson.loads(arguments)
    return {"type": "tool_call", "id": call.get("id"), "name": held.get("name"), "arguments": arguments}
