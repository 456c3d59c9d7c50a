"""Reads Claude's answers: the events of a stream, tokens, and what an error means beyond its type."""

from __future__ import annotations

from typing import Any

from modelhub.base import Accumulator, ModelResponse, ToolCallDelta, Usage, said
from modelhub.errors import ContentFilterError, ModelCallError, QuotaExceededError, StreamInterruptedError

from .anthropic_turn import add_thoughts, gather_blocks

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
# What the API says by message alone, with the type invalid_request_error.
_BY_MESSAGE: dict[str, type[ModelCallError]] = {
    "credit balance is too low": QuotaExceededError,
    "content filtering policy": ContentFilterError,
}


def start_message(message: dict[str, Any], so_far: Accumulator) -> None:
    """Take in the start of a message.

    A gateway may ask again when it has lost the vendor, and go on with another answer in the same stream. Raises
    StreamInterruptedError for it. The same start may come twice, and what follows a whole message is not read.
    """
    ident, state = message.get("id"), so_far.state
    if "usage" in state:
        if ident == state["id"]:
            return
        if "stopped" not in state:
            raise StreamInterruptedError("another message began before this one had ended", retryable=True)
        state["over"] = True
        return
    so_far.model = said(message.get("model"))
    state["id"], state["usage"] = ident, message.get("usage") or {}
    so_far.usage = parse_usage(state["usage"])


def parse_block_start(index: int, block: dict[str, Any], so_far: Accumulator) -> ModelResponse | None:
    """The delta in the start of a content block: usually the name of a tool; None if the start has no content."""
    kind = block.get("type")
    if kind == "tool_use":
        so_far.state.setdefault("inputs", {})[index] = block.get("input")
        ident = block["id"]
        if so_far.state.pop("thought", False):
            ident = add_thoughts(ident, gather_blocks(so_far.raw))
        return ModelResponse(text="", tool_calls=[ToolCallDelta(index, ident, block["name"])])
    if kind == "text" and block.get("text"):
        return ModelResponse(text=block["text"])
    if kind in ("thinking", "redacted_thinking"):
        so_far.state["thought"] = True
    if kind == "thinking" and block.get("thinking"):
        return ModelResponse(text="", reasoning=block["thinking"])
    return None


def parse_block_delta(index: int, piece: dict[str, Any], so_far: Accumulator) -> ModelResponse | None:
    """The delta in a piece of a content block; None for a signature, a citation, or an unknown kind of piece."""
    kind = piece.get("type")
    if kind == "text_delta":
        return ModelResponse(text=piece["text"])
    if kind == "thinking_delta":
        return ModelResponse(text="", reasoning=piece["thinking"])
    # The input of a server's own tool comes in such pieces too, without a call to add them to.
    if kind == "input_json_delta" and piece["partial_json"] and any(call.index == index for call in so_far.calls):
        so_far.state.get("inputs", {}).pop(index, None)
        return ModelResponse(text="", tool_calls=[ToolCallDelta(index, arguments=piece["partial_json"])])
    return None


def parse_stop_reason(reason: str | None) -> str | None:
    """OpenAI's word for why Anthropic stopped."""
    reason = said(reason)
    return None if reason is None else _FINISH_REASONS.get(reason, "other")


def parse_usage(usage: dict[str, Any] | None) -> Usage | None:
    """The tokens of a call; tokens written to or read from the cache count as part of the prompt."""
    if not usage:
        return None
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    return Usage(
        (usage.get("input_tokens") or 0) + (read or 0) + (written or 0),
        usage.get("output_tokens") or 0,
        cached_tokens=read,
        reasoning_tokens=(usage.get("output_tokens_details") or {}).get("thinking_tokens"),
        cache_write_tokens=written,
    )


def find_meaning(error: ModelCallError) -> ModelCallError:
    """``error``, or an error of a better class if its message says what its type does not."""
    for words, cls in _BY_MESSAGE.items():
        if words in error.message:
            return cls(error.message, status=error.status, code=error.code, request_id=error.request_id)
    return error
