"""Reads the messages in answers of OpenAI's form: their content, of any kind, and their tool calls."""

from __future__ import annotations

import base64
from typing import Any

from modelhub.base import ToolCall, ToolCallDelta, build_tool_calls, encode_json, said
from modelhub.media import find_media_type


class Content:
    """What a message says beside its tool calls."""

    __slots__ = ("image_urls", "reasoning", "refusal", "text")

    def __init__(self) -> None:
        self.text: str | None = None
        self.reasoning: str | None = None
        self.image_urls: list[str] | None = None
        self.refusal: str | None = None


def parse_message(message: dict[str, Any]) -> Content:
    """The content of a message or of a piece of it: a text, or a list of parts of any kind."""
    found = Content()
    content = message.get("content")
    parts = content if isinstance(content, list) else ()
    if isinstance(content, dict):  # one part without its list
        parts = [content]
    elif content is not None and not isinstance(content, list):
        found.text = str(content)
    elif parts:
        found.text = ""
    for part in parts:
        _add_part(part if isinstance(part, dict) else {"type": "text", "text": part}, found)
    for image in message.get("images") or ():  # OpenRouter
        _add_image(image, found)
    found.refusal = said(message.get("refusal")) or found.refusal
    return found


def _add_part(part: dict[str, Any], found: Content) -> None:
    kind = part.get("type")
    if kind in ("thinking", "reasoning"):  # Mistral's is a list of parts itself
        thought = part.get("thinking") or part.get("reasoning") or part.get("text") or ""
        inner = thought if isinstance(thought, list) else [thought]
        words = "".join((p.get("text") or "") if isinstance(p, dict) else str(p) for p in inner)
        found.reasoning = (found.reasoning or "") + words or None
    elif kind == "refusal":
        found.refusal = (found.refusal or "") + (part.get("refusal") or "") or None
    elif kind in ("image_url", "image", "output_image"):
        _add_image(part, found)
    elif isinstance(part.get("text"), str):
        found.text = (found.text or "") + part["text"]


def _add_image(part: Any, found: Content) -> None:
    """Add an image told as a URL or base64, in a part of its own or under a name."""
    image = part
    for name in ("image_url", "image", "url", "b64_json"):
        if isinstance(image, dict) and said(image.get(name)) is not None:
            image = build_image_uri(image[name], "png") if name == "b64_json" else image[name]
    if isinstance(image, str) and said(image) is not None:
        found.image_urls = [*(found.image_urls or ()), image]


def parse_content(content: Any) -> str | None:
    """The text of a message whose content may be a list of parts."""
    return parse_message({"content": content}).text


def find_tool_calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The tool calls of a message, or of a piece of it; ``function_call`` is that of the API before tools."""
    calls = message.get("tool_calls") or ()
    calls = [calls] if isinstance(calls, dict) else calls
    if not calls and message.get("function_call"):
        calls = [{"index": 0, "function": message["function_call"]}]
    return [call for call in calls if isinstance(call, dict)]


def parse_tool_calls(message: dict[str, Any]) -> list[ToolCall] | None:
    """The tool calls of a message; the free text of a custom tool becomes its argument ``input``."""
    if not message.get("tool_calls") and not message.get("function_call"):
        return None
    return build_tool_calls(_read_tool_call(call) for call in find_tool_calls(message))


def _read_tool_call(call: dict[str, Any]) -> tuple[Any, Any, Any]:
    custom = call.get("custom")
    if isinstance(custom, dict):
        return call.get("id"), custom.get("name"), {"input": custom.get("input") or ""}
    function = call.get("function") or {}
    return call.get("id"), function.get("name"), function.get("arguments")


def parse_tool_call_deltas(message: dict[str, Any]) -> list[ToolCallDelta] | None:
    """The fragments of tool calls in a piece of a message; those that tell nothing are left out."""
    deltas = map(parse_tool_call_delta, find_tool_calls(message))
    return [delta for delta in deltas if delta.id or delta.name or delta.arguments] or None


def parse_tool_call_delta(piece: dict[str, Any]) -> ToolCallDelta:
    """One fragment of a tool call."""
    custom = piece.get("custom")
    if isinstance(custom, dict):
        name, text = said(custom.get("name")), custom.get("input") or ""
        return ToolCallDelta(piece.get("index"), said(piece.get("id")), name, text, True)
    function = piece.get("function") or {}
    arguments = function.get("arguments") or ""
    if not isinstance(arguments, str):
        arguments = encode_json(arguments).decode()
    return ToolCallDelta(piece.get("index"), said(piece.get("id")), said(function.get("name")), arguments)


def build_image_uri(packed: str, kind: str) -> str:
    """The data URI of a base64 image; its first bytes say its type, and if they do not, ``kind`` does."""
    found = find_media_type(base64.b64decode(packed[:32], validate=True), "")
    return f"data:{found if found.startswith('image/') else f'image/{kind}'};base64,{packed}"
