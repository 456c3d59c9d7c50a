"""Calls of ZhipuAI's SDK, which Z.AI's shares."""

from __future__ import annotations

from typing import Any

from tests.sdk.case import Case

BASE_URL = "http://recorded/api/paas/v4"
TYPES = {"chat.completions.create": "zhipuai_chat", "embeddings.create": "zhipuai_embedding"}
TYPES |= {"images.generations": "openai_dall_e"}  # the endpoint is OpenAI's
INPUTS = {"zhipuai_chat": "messages", "zhipuai_embedding": "input", "openai_dall_e": "prompt"}
# OpenAI's words for why a model stopped.
FINISH = {"sensitive": "content_filter", "network_error": "other"}


def read_call(recording: dict[str, Any]) -> Case | None:
    call = recording.get("call") or {}
    model_type = TYPES.get(call.get("method") or "")
    # Asynchronous completions are another endpoint; without a key or a server the SDK sends nothing.
    if model_type is None or not recording.get("response"):
        return None
    if isinstance(call["kwargs"].get("tool_choice"), dict):
        return None  # its API takes "auto" alone, so modelhub refuses what the SDK sends
    client = call.get("client") or {}
    client_args: dict[str, Any] = {"base_url": BASE_URL}
    client_args |= {name: client[name] for name in ("max_retries", "disable_token_cache") if name in client}
    options = dict(call["kwargs"])
    config = {
        "model_name": options.pop("model"),
        "api_key": client.get("api_key", "test-key"),
        "client_args": client_args,
    }
    stream = bool(options.pop("stream", False))
    return Case(model_type, config, [options.pop(INPUTS[model_type])], options, stream)


def expect(recording: dict[str, Any]) -> dict[str, Any]:
    expected = dict(recording.get("robust_expected") or recording["sdk_parsed"])
    if isinstance(expected.get("finish_reason"), str):
        expected["finish_reason"] = FINISH.get(expected["finish_reason"], expected["finish_reason"])
    return expected
