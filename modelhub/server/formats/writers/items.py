"""Writes the items of OpenAI's responses: https://platform.openai.com/docs/api-reference/responses/object"""

from __future__ import annotations

from typing import Any

from modelhub.response import ModelResponse, Usage
from modelhub.server.formats.replies import Json

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def build_response(head: Json, echo: Json, output: list[Json], status: str) -> Json:
    """A response; ``echo`` is what the request has said of it."""
    return {
        **head,
        "object": "response",
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": echo.get("instructions"),
        "max_output_tokens": echo.get("max_output_tokens"),
        "metadata": echo.get("metadata") or {},
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": echo.get("temperature"),
        "text": echo.get("text") or {"format": {"type": "text"}},
        "tool_choice": echo.get("tool_choice") or "auto",
        "tools": echo.get("tools") or [],
        "top_p": echo.get("top_p"),
        "truncation": "disabled",
        "usage": None,
        "user": echo.get("user"),
    }


def build_end(response: ModelResponse) -> Json:
    """What a response that has ended says of its end."""
    why = _INCOMPLETE.get(response.finish_reason or "")
    usage = None if response.usage is None else build_usage(response.usage)
    details = None if why is None else {"reason": why}
    return {"status": "completed" if why is None else "incomplete", "incomplete_details": details, "usage": usage}


def build_usage(usage: Usage) -> Json:
    """The tokens of an answer."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens or 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.total_tokens,
    }


def build_part(kind: str, text: str) -> Json:
    """The one part of an item: output_text, refusal or reasoning_text."""
    if kind == "refusal":
        return {"type": kind, "refusal": text}
    beside: Json = {"annotations": [], "logprobs": []} if kind == "output_text" else {}
    return {"type": kind, "text": text, **beside}


def build_item(kind: str, ident: str, text: str | None, status: str) -> Json:
    """A message or a thought; its content is empty as long as there is no text of it."""
    content = [] if text is None else [build_part(kind, text)]
    if kind == "reasoning_text":
        return {"id": f"rs_{ident}", "type": "reasoning", "summary": [], "content": content, "status": status}
    return {"id": f"msg_{ident}", "type": "message", "status": status, "role": "assistant", "content": content}


def build_call(custom: bool, ident: str, call_id: str, name: str, text: str, status: str) -> Json:
    """A call of a tool; that of a custom one has free text."""
    told: dict[str, Any] = {"call_id": call_id, "name": name}
    if custom:
        return {"id": f"ctc_{ident}", "type": "custom_tool_call", "status": status, **told, "input": text}
    return {"id": f"fc_{ident}", "type": "function_call", "status": status, **told, "arguments": text}
