"""Calls of Anthropic's SDK."""

from __future__ import annotations

import json
from typing import Any

from tests.sdk.case import Case

DIFFERENT: dict[str, str] = {}

METHODS = ("messages.create", "messages.stream", "AsyncAnthropic.messages.create")
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "brand_new_reason": "other",
}


def read_call(recording: dict[str, Any]) -> Case | None:
    call = recording["call"]
    # count_tokens is no chat (tests/wrappers/test_anthropic.py makes that call); the SDK refused the calls without a
    # request; a late reply is nothing without a clock (tests/engine/test_retry.py).
    if call["method"] not in METHODS or not recording.get("request") or "delay_s" in recording["response"]:
        return None
    client, options = dict(call.get("client") or {}), dict(call["kwargs"])
    base_url = client.get("base_url", "http://127.0.0.1:PORT").replace("http://127.0.0.1:PORT", "http://recorded")
    config: dict[str, Any] = {"model_name": options.pop("model"), "client_args": {"base_url": base_url}}
    if "max_retries" in client:
        config["client_args"]["max_retries"] = client["max_retries"]
    config |= {"auth_token": client["auth_token"]} if "auth_token" in client else {"api_key": "test-key"}
    stream = bool(options.pop("stream", False)) or call["method"] == "messages.stream"
    system = options.pop("system", None)
    messages = [{"role": "system", "content": system}] if system else []
    messages += [message for turn in options.pop("messages") for message in read_turn(turn)]
    if "tools" in options:
        options["tools"] = [read_tool(tool) for tool in options["tools"]]
    if "tool_choice" in options:
        options |= read_tool_choice(options.pop("tool_choice"))
    output = dict(options.pop("output_config", None) or {})
    if "format" in output:
        schema = {"name": "answer", "schema": output.pop("format")["schema"]}
        options["response_format"] = {"type": "json_schema", "json_schema": schema}
    if output:
        options["output_config"] = output
    options |= options.pop("extra_body", None) or {}  # the SDK has no names for temperature and its like, modelhub has
    if "stop_sequences" in options:
        options["stop"] = options.pop("stop_sequences")
    return Case("anthropic_chat", config, [messages], options, stream)


def read_turn(turn: dict[str, Any]) -> list[dict[str, Any]]:
    """A turn as neutral messages: one for each result of a tool, then one for the rest."""
    if isinstance(turn["content"], str):
        return [turn]
    results, calls, thinking, parts = [], [], [], []
    for block in turn["content"]:
        kind = block["type"]
        if kind == "tool_result":
            content = block["content"]
            content = content if isinstance(content, str) else [read_part(part) for part in content]
            failed = {"is_error": True} if block.get("is_error") else {}
            results.append({"role": "tool", "tool_call_id": block["tool_use_id"], "content": content, **failed})
        elif kind == "tool_use":
            function = {"name": block["name"], "arguments": json.dumps(block["input"])}
            calls.append({"id": block["id"], "type": "function", "function": function})
        elif kind in ("thinking", "redacted_thinking"):
            thinking.append(block)
        else:
            parts.append(read_part(block))
    message: dict[str, Any] = {"role": turn["role"], "content": parts or None}
    if calls:
        message["tool_calls"] = calls
    if thinking:
        message["thinking_blocks"] = thinking
    return results + ([message] if parts or calls or thinking else [])


def read_part(block: dict[str, Any]) -> dict[str, Any]:
    source = block.get("source") or {}
    if source.get("type") not in ("base64", "url"):
        return block
    url = source.get("url") or f"data:{source['media_type']};base64,{source['data']}"
    if block["type"] == "image":
        return {"type": "image_url", "image_url": {"url": url}}
    name = {"filename": block["title"]} if "title" in block else {}
    return {"type": "file", "file": {"file_data": url, **name}}


def read_tool(tool: dict[str, Any]) -> dict[str, Any]:
    if "input_schema" not in tool:  # one that the vendor runs itself
        return tool
    function = {name: value for name, value in tool.items() if name in ("name", "description", "strict")}
    return {"type": "function", "function": {**function, "parameters": tool["input_schema"]}}


def read_tool_choice(choice: dict[str, Any]) -> dict[str, Any]:
    named = {"type": "function", "function": {"name": choice.get("name")}}
    neutral = {"any": "required", "tool": named}.get(choice["type"], choice["type"])
    parallel = {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") else {}
    return {"tool_choice": neutral, **parallel}


def expect(recording: dict[str, Any]) -> dict[str, Any]:
    expected = dict(recording.get("robust_expected") or recording["sdk_parsed"])
    # The SDK takes a stream that stops without a stop_reason for whole.
    if expected.get("incomplete") or (
        recording["call"]["method"] == "messages.stream" and not expected["finish_reason"]
    ):
        return {"error": {"partial_text": expected["text"]}}
    if expected.get("finish_reason"):
        expected["finish_reason"] = FINISH_REASONS[expected["finish_reason"]]
    usage = expected.get("usage")
    if usage:
        read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
        prompt = usage["input_tokens"] + read + written
        completion = usage["output_tokens"]
        total = prompt + completion
        expected["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}
        expected["usage"]["cached_tokens"] = read
    return expected
