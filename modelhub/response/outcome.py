"""A whole response as plain data."""

from __future__ import annotations

from typing import Any

from modelhub.response.response import ModelResponse
from modelhub.response.usage import COUNTS


def read_outcome(response: ModelResponse) -> dict[str, Any]:
    """The fields of a whole response, as plain data."""
    usage, calls = response.usage, response.tool_calls
    return {
        "text": response.text,
        "reasoning": response.reasoning,
        "finish_reason": response.finish_reason,
        "usage": None if usage is None else {name: getattr(usage, name, None) for name in COUNTS},
        "tool_calls": calls and [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in calls],
        "embedding": response.embedding,
        "image_urls": response.image_urls,
        "parsed": response.parsed,
        "request_id": response.request_id,
        "model": response.model,
    }
