"""Calls of DashScope's SDK, of both its generations."""

from __future__ import annotations

from typing import Any

from tests.sdk.case import Case

ASKS = "modelhub always asks for messages, and for pieces when it streams"
DIFFERENT = {
    "chat_default_result_format": ASKS,
    "chat_prompt": ASKS,
    "stream_text_format": ASKS,
    "stream_tools_cumulative": ASKS,
    "embed_error_batch_too_big": "modelhub sends no more texts at once than the API takes",
}

TYPES = {
    "Generation.call": "dashscope_chat",
    "AioGeneration.call": "dashscope_chat",
    "Client.chat.completions.create": "dashscope_chat",
    "MultiModalConversation.call": "dashscope_multimodal",
    "ImageGeneration.call": "dashscope_multimodal",
    "ImageSynthesis.call": "dashscope_image_synthesis",
    "ImageSynthesis.sync_call": "dashscope_image_synthesis",
    "ImageSynthesis.async_call": "dashscope_image_synthesis",
    "TextEmbedding.call": "dashscope_text_embedding",
}
INPUTS = {"dashscope_image_synthesis": "prompt", "dashscope_text_embedding": "input"}
# One try was recorded, while the task ran on; modelhub would look again.
GIVES_UP = ("image_call_poll_429",)


def read_call(recording: dict[str, Any]) -> Case | None:
    call = recording.get("call") or {}
    method, options = call.get("method", ""), dict(call.get("kwargs") or {})
    model_type = TYPES.get(method)
    if model_type is None or not (recording.get("response") or recording.get("exchanges")):
        return None  # the SDK refused to send anything
    if method == "ImageSynthesis.async_call" and (recording["response"] or {}).get("status") == 200:
        return None  # starts a task and leaves it at that
    if method.startswith("Client."):
        options.setdefault("result_format", "message")
        if any(isinstance(message.get("content"), list) for message in options["messages"]):
            model_type = "dashscope_multimodal"
    stream = bool(options.pop("stream", False))
    config: dict[str, Any] = {"api_key": "test-key", "client_args": {"base_url": "http://recorded/api/v1"}}
    config["model_name"] = options.pop("model")
    if recording["case_id"] in GIVES_UP:
        config["retry"] = {"max_attempts": 1}
    if model_type in INPUTS:
        return Case(model_type, config, [options.pop(INPUTS[model_type])], options, stream)
    messages = [build_neutral(message) for message in options.pop("messages", ())]
    if "prompt" in options:
        messages.append({"role": "user", "content": options.pop("prompt")})
    return Case(model_type, config, [messages], options, stream)


def build_neutral(message: dict[str, Any]) -> dict[str, Any]:
    """The message with images and texts as OpenAI has them; audio by URL has no neutral form."""
    content = message.get("content")
    return {**message, "content": [build_part(p) for p in content]} if isinstance(content, list) else message


def build_part(part: dict[str, Any]) -> dict[str, Any]:
    if "image" in part:
        return {"type": "image_url", "image_url": {"url": part["image"]}}
    return {"type": "text", "text": part["text"]} if set(part) == {"text"} else part


def expect(recording: dict[str, Any]) -> dict[str, Any]:
    """The SDK returns failures instead of raising them, and calls some successes failures."""
    told: dict[str, Any] = {**recording["sdk_parsed"], **recording.get("robust_expected", {})}
    failures = told.get("errors")
    if failures:
        told.setdefault("error", {"partial_text": told["text"]})
    elif told.get("status_code", 200) >= 400:
        told.setdefault("error", {"status_code": told["status_code"], "request_id": told.get("request_id") or None})
    if isinstance(told.get("error"), dict) and "status" in told["error"]:
        told["error"]["status_code"] = told["error"]["status"]
    told["image_urls"] = [url for url in told.get("image_urls") or told.get("images") or () if url]
    return told
