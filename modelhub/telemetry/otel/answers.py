"""What came of a call, as attributes of its span."""

from __future__ import annotations

from typing import Any

from modelhub.events import CallEnded
from modelhub.telemetry.otel.served import Value

_FIRST = 4  # events of a stream that may begin with others than those that have the id


def describe(event: CallEnded, is_composite: bool) -> dict[str, Value]:
    """The attributes of what ``event`` ends with; what is not known is left out.

    Answer and tokens are told by the span of the model that has answered, and not again by a composite's.
    """
    response, usage = (None, None) if is_composite else (event.response, event.usage)
    found: dict[str, Any] = {
        "error.type": event.error,
        "gen_ai.response.time_to_first_chunk": None if is_composite else event.first_token_seconds,
        "modelhub.attempts": None if is_composite else event.attempts,
        "modelhub.cached": event.cached or None,
        "modelhub.cost": event.cost,
        "modelhub.currency": None if event.cost is None else event.currency,
        "modelhub.request_id": event.request_id,
    }
    if response is not None:
        found["gen_ai.response.model"] = response.model
        found["gen_ai.response.finish_reasons"] = [response.finish_reason] if response.finish_reason else None
        if event.task != "embedding":
            found["gen_ai.response.id"] = _find_id(response.raw)
    if usage is not None:
        found["gen_ai.usage.input_tokens"] = usage.prompt_tokens
        if event.task != "embedding":
            found["gen_ai.usage.output_tokens"] = usage.completion_tokens
        found["gen_ai.usage.cache_read.input_tokens"] = usage.cached_tokens
        found["gen_ai.usage.cache_write.input_tokens"] = getattr(usage, "cache_write_tokens", None)
        found["gen_ai.usage.reasoning.output_tokens"] = usage.reasoning_tokens
    return {name: value for name, value in found.items() if value is not None}


def _find_id(raw: Any) -> str | None:
    """The vendor's id of an answer: in the reply itself, or in the first event of a stream that has one."""
    for data in raw[:_FIRST] if isinstance(raw, list) else [raw]:
        if isinstance(data, dict):
            message = data.get("message")  # as Anthropic begins a stream
            for holder in (data, message if isinstance(message, dict) else {}):
                found = holder.get("id") or holder.get("responseId")
                if isinstance(found, str):
                    return found
    return None
