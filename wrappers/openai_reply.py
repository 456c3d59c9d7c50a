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
    Usage,
    error_from_json,
    find_failure,
    raise_for_failure,
    said,
    tells,
)
from modelhub.base import find_request_id as find_request_id
from modelhub.errors import ResponseParsingError, ServerError

from .openai_answer import (
    build_image_uri,
    parse_message,
    parse_tool_call_deltas,
    parse_tool_calls,
)

FINISH_REASONS = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",  # ZhipuAI
    # What gateways pass on of the words of other APIs.
    "STOP": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "stop_sequence": "stop",
    "MAX_TOKENS": "length",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "SAFETY": "content_filter",
}
# The answer is not whole: OpenRouter and others, DeepSeek, and vLLM and SGLang when they stop a request.
BROKEN = frozenset({"error", "insufficient_system_resource", "abort"})


def parse_completion(data: Any, reply: Reply, codes: Codes | None = None) -> ModelResponse:
    """The response in the first choice of a chat completion."""
    raise_for_failure(data, reply, codes, answered=isinstance(data, dict) and bool(data.get("choices")))
    choices = data["choices"]
    if not isinstance(choices, list):
        raise ResponseParsingError("the choices of the reply are not a list", status=reply.status)
    choice: dict[str, Any] = choices[0] if choices else {"message": {}}
    if choice.get("error"):
        raise error_from_json(reply.status, choice, reply.headers, codes)
    message = choice["message"]
    response = ModelResponse(
        text=message.get("content"),
        reasoning=message.get("reasoning_content") or message.get("reasoning"),
        tool_calls=parse_tool_calls(message),
        usage=parse_usage(data.get("usage")),
        raw=data,
        model=said(data.get("model")),
    )
    if response.text.__class__ is not str or message.get("images") or message.get("refusal"):
        content = parse_message(message)
        response.text, response.image_urls, response.refusal = content.text, content.image_urls, content.refusal
        response.reasoning = response.reasoning or content.reasoning
    try:
        response.finish_reason = parse_finish_reason(choice, reply.status)
    except ServerError as error:
        error.partial = response
        raise
    if choices and response.finish_reason is None and not tells(response):
        raise ResponseParsingError(f"the reply has no answer: {str(data)[:300]}", status=reply.status)
    return response


def parse_chunk(event: Event, so_far: Accumulator, codes: Codes | None = None) -> ModelResponse | None:
    """The delta of one chunk of a streamed chat completion."""
    data = event.data
    if not isinstance(data, dict) or event.name == "error":
        raise error_from_json(event.status, data, vendor=codes)
    usage = data.get("usage")
    choices = data.get("choices")
    choice = choices[0] if choices else None
    if (not choice or data.get("error")) and find_failure(data, bool(choice or usage)) is not None:
        raise error_from_json(event.status, data, vendor=codes)
    text = reasoning = calls = reason = images = refusal = None
    if choice and choice.get("index", 0) == 0:
        message = choice.get("delta") or choice.get("message") or {}
        text = message.get("content")
        if text.__class__ is not str or len(message) > 1:  # nearly every one has but a piece of text
            if text.__class__ is not str or message.get("images") or message.get("refusal"):
                content = parse_message(message)
                text, reasoning, images, refusal = content.text, content.reasoning, content.image_urls, content.refusal
            reasoning = message.get("reasoning_content") or message.get("reasoning") or reasoning
            if message.get("tool_calls") or message.get("function_call"):
                calls = parse_tool_call_deltas(message)
        if choice.get("finish_reason") or choice.get("error"):
            if choice.get("error"):
                raise error_from_json(event.status, choice, vendor=codes)
            reason = parse_finish_reason(choice, event.status)
    if not (text or reasoning or calls or reason or usage or images or refusal):
        so_far.raw.append(data)
        return None
    told = parse_usage(usage) if usage else None
    # By position, since that takes half the time: there is one for each event.
    return ModelResponse(
        text or "",
        None,
        images,
        data,
        None,
        None,
        calls,
        reasoning,
        reason,
        told,
        None,
        said(data.get("model")),
        refusal,
    )


def parse_finish_reason(choice: dict[str, Any], status: int | None = None) -> str | None:
    """OpenAI's word for why an answer ended, None while it goes on; a ServerError for one that broke off."""
    reason = said(choice.get("finish_reason"))
    if reason is None:
        return None
    if reason in BROKEN:
        raise ServerError(f"the server broke off the answer: finish_reason {reason}", status=status)
    return FINISH_REASONS.get(reason, "other")


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
        _find_cache_writes(prompt) if prompt else None,
    )


def _find_cache_writes(prompt: dict[str, Any]) -> int | None:
    """The tokens written to a vendor's cache, as OpenRouter and as DashScope call them."""
    written: int | None = prompt.get("cache_write_tokens", prompt.get("cache_creation_input_tokens"))
    return written


def parse_vectors(rows: list[dict[str, Any]]) -> list[list[float]]:
    """The embeddings in the order of their texts."""
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
    """The images of a reply as URLs; an image in base64 becomes a data URI. ResponseParsingError if there is none."""
    images = []
    for row in data["data"]:
        packed = said(row.get("b64_json"))
        image = said(row.get("url")) if packed is None else build_image_uri(packed, data.get("output_format") or "png")
        if image is not None:
            images.append(image)
    if not images:
        raise ResponseParsingError(f"the reply holds no image: {str(data)[:300]}")
    return images
