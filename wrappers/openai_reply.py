"""Reads the answers of OpenAI's API and of all that use its form: completions, chunks, vectors and images."""

from __future__ import annotations

import base64
from array import array
from typing import Any

from modelhub.base import (
    Accumulator,
    Codes,
    Event,
    ModelResponse,
    Reply,
    ToolCall,
    ToolCallDelta,
    Usage,
    build_tool_call,
    error_from_json,
)
from modelhub.errors import ResponseParsingError
from modelhub.messages.media import find_media_type

FINISH_REASONS = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",  # ZhipuAI
}


def parse_completion(data: Any, reply: Reply, codes: Codes | None = None) -> ModelResponse:
    """The response in the first choice of a chat completion."""
    raise_for_error(data, reply, codes)
    choices = data["choices"]
    if not isinstance(choices, list):
        raise ResponseParsingError("the choices of the reply are not a list", status=reply.status)
    choice: dict[str, Any] = choices[0] if choices else {"message": {}}
    message = choice["message"]
    reason = choice.get("finish_reason")
    return ModelResponse(
        text=parse_content(message.get("content")),
        reasoning=message.get("reasoning_content")
        or message.get("reasoning")
        or parse_thoughts(message.get("content")),
        tool_calls=parse_tool_calls(message),
        finish_reason=None if reason is None else FINISH_REASONS.get(reason, "other"),
        usage=parse_usage(data.get("usage")),
        raw=data,
        model=data.get("model"),
    )


def parse_chunk(event: Event, so_far: Accumulator, codes: Codes | None = None) -> ModelResponse | None:
    """The delta of one chunk of a streamed chat completion."""
    data = event.data
    if not isinstance(data, dict) or data.get("error") or event.name == "error":
        raise error_from_json(event.status, data, vendor=codes)
    usage = data.get("usage")
    choices = data.get("choices")
    choice = choices[0] if choices else None
    text = reasoning = calls = reason = None
    if choice is not None and choice.get("index", 0) == 0:
        message = choice.get("delta") or {}
        text = message.get("content")
        reasoning = message.get("reasoning_content") or message.get("reasoning")
        if text.__class__ is list:
            reasoning = reasoning or parse_thoughts(text)
            text = parse_content(text)
        pieces = message.get("tool_calls")
        if pieces:
            calls = [parse_tool_call_delta(piece) for piece in pieces]
        reason = choice.get("finish_reason")
        if reason is not None:
            reason = FINISH_REASONS.get(reason, "other")
    if not (text or reasoning or calls or reason or usage):
        so_far.raw.append(data)
        return None
    return ModelResponse(
        text=text or "",
        raw=data,
        tool_calls=calls,
        reasoning=reasoning,
        finish_reason=reason,
        usage=parse_usage(usage) if usage else None,
        model=data.get("model"),
    )


def raise_for_error(data: Any, reply: Reply, codes: Codes | None = None) -> None:
    """Raise a typed error if the body of a successful reply reports one; ``codes`` are the vendor's own error codes."""
    if not isinstance(data, dict):
        raise ResponseParsingError(f"the reply is a JSON {type(data).__name__}, not an object", status=reply.status)
    if data.get("error"):
        raise error_from_json(reply.status, data, reply.headers, codes)


def parse_content(content: Any) -> str | None:
    """The text of a message whose content may be a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content  # type: ignore[no-any-return]


def parse_thoughts(content: Any) -> str | None:
    """The thoughts in the parts of a content, as Mistral gives them: https://docs.mistral.ai/capabilities/reasoning."""
    if not isinstance(content, list):
        return None
    parts = [part["thinking"] for part in content if isinstance(part, dict) and part.get("type") == "thinking"]
    return "".join(part if isinstance(part, str) else parse_content(part) or "" for part in parts) or None


def parse_tool_calls(message: dict[str, Any]) -> list[ToolCall] | None:
    """The tool calls of a message; raises ValueError for arguments that are not a JSON object."""
    calls = message.get("tool_calls")
    if not calls and message.get("function_call"):  # the API before tools, still spoken by some gateways
        calls = [{"function": message["function_call"]}]
    if not calls:
        return None
    return [parse_tool_call(call, n) for n, call in enumerate(calls)]


def parse_tool_call(call: dict[str, Any], n: int) -> ToolCall:
    """One tool call; the free text of a custom tool becomes its argument ``input``."""
    if call.get("type") == "custom":
        return ToolCall(call["id"], call["custom"]["name"], {"input": call["custom"]["input"]})
    return build_tool_call(call.get("id"), call["function"]["name"], call["function"].get("arguments"), n)


def parse_tool_call_delta(piece: dict[str, Any]) -> ToolCallDelta:
    """One fragment of a tool call."""
    function = piece.get("function") or {}
    return ToolCallDelta(piece.get("index"), piece.get("id"), function.get("name"), function.get("arguments") or "")


def parse_usage(usage: Any) -> Usage | None:
    """The tokens that a reply reports, also the input and output tokens of images."""
    if not isinstance(usage, dict):
        return None
    prompt = usage.get("prompt_tokens_details")
    completion = usage.get("completion_tokens_details")
    return Usage(
        usage.get("prompt_tokens") or usage.get("input_tokens") or 0,
        usage.get("completion_tokens") or usage.get("output_tokens") or 0,
        usage.get("total_tokens"),
        prompt.get("cached_tokens") if prompt else None,
        completion.get("reasoning_tokens") if completion else None,
    )


def parse_vectors(rows: list[dict[str, Any]]) -> list[list[float]]:
    """The embeddings in the order of their texts; raises ResponseParsingError if there are no embeddings."""
    if not rows:
        raise ResponseParsingError("the reply holds no embedding")
    if all("index" in row for row in rows):
        rows = sorted(rows, key=lambda row: row["index"])
    return [parse_vector(row["embedding"]) for row in rows]


def parse_vector(vector: Any) -> list[float]:
    """An embedding given as numbers or as base64 of little-endian float32."""
    if not isinstance(vector, str):
        return vector  # type: ignore[no-any-return]
    try:
        values = array("f", base64.b64decode(vector, validate=True))
    except ValueError:
        raise ResponseParsingError("an embedding is neither numbers nor base64") from None
    if array("H", [1]).tobytes() != b"\x01\x00":
        values.byteswap()
    return values.tolist()


def parse_images(data: dict[str, Any]) -> list[str]:
    """The images of a reply as URLs; an image in base64 becomes a data URI."""
    images = []
    for row in data["data"]:
        packed = row.get("b64_json")
        images.append(row["url"] if packed is None else build_image_uri(packed, data.get("output_format") or "png"))
    return images


def build_image_uri(packed: str, kind: str) -> str:
    """The data URI of a base64 image; its first bytes say its type, and if they do not, ``kind`` does."""
    found = find_media_type(base64.b64decode(packed[:32], validate=True), "")
    return f"data:{found if found.startswith('image/') else f'image/{kind}'};base64,{packed}"
