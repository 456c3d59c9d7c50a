"""What DashScope wants back of its answers: the thinking that led to a tool call."""

from __future__ import annotations

from typing import Any

from modelhub.base import Dialect


def gather(raw: Any, message: dict[str, Any]) -> dict[str, Any]:
    """The thinking of an answer; deep thinking with tools needs it: https://help.aliyun.com/zh/model-studio/deep-thinking."""
    pieces = []
    for data in raw if isinstance(raw, list) else [raw]:
        output = data.get("output") if isinstance(data, dict) else None
        choices = (output or {}).get("choices") or ()
        choice: dict[str, Any] = next((choice for choice in choices if choice.get("index", 0) == 0), {})
        pieces.append((choice.get("message") or {}).get("reasoning_content") or "")
    thinking = "".join(pieces)
    return {"reasoning_content": thinking} if thinking else {}


def restore(message: dict[str, Any], received: dict[str, Any]) -> dict[str, Any]:
    """``message`` with the thinking that came with it."""
    told = {"reasoning_content": received["reasoning_content"]} if "reasoning_content" in received else {}
    return {**message, **told}


DIALECT = Dialect("dashscope", gather, restore)
