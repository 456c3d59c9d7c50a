"""Calls of Ollama's SDK."""

from __future__ import annotations

import base64
from typing import Any

from tests.sdk.case import Case

DIFFERENT = {
    "chat_host_path": "the host is the recording's own",
    "tools": "the SDK drops keywords of JSON Schema that it does not know, such as additionalProperties",
    "stream_tools": "the same",
    "tools_multi_turn": "the same",
    "tools_schema_rich": "the same",
}

TYPES = {"Client.chat": "ollama_chat", "AsyncClient.chat": "ollama_chat"}
TYPES |= {"Client.generate": "ollama_generate", "Client.embed": "ollama_embedding"}
INPUTS = {"ollama_chat": "messages", "ollama_generate": "prompt", "ollama_embedding": "input"}


def read_call(recording: dict[str, Any]) -> Case | None:
    call = recording.get("call") or {}
    model_type = TYPES.get(call.get("method", ""))
    # Listing and showing models is no call of a model; the legacy embeddings endpoint is superseded by /api/embed.
    if model_type is None or not recording.get("response"):
        return None
    options = _decode(dict(call.get("kwargs") or {}))
    config = {"model_name": options.pop("model", None) or "none", "host": "http://recorded"}
    config["retry"] = {"max_attempts": 1}
    stream = bool(options.pop("stream", False))
    return Case(model_type, config, [options.pop(INPUTS[model_type], [])], options, stream)


def _decode(value: Any) -> Any:
    """Bytes as base64, which is what the SDK makes of them."""
    if isinstance(value, dict):
        if set(value) == {"__bytes_b64__"}:
            return base64.b64encode(base64.b64decode(value["__bytes_b64__"])).decode()
        return {key: _decode(item) for key, item in value.items()}
    return [_decode(item) for item in value] if isinstance(value, list) else value


def expect(recording: dict[str, Any]) -> dict[str, Any]:
    expected = dict(recording.get("robust_expected") or recording["sdk_parsed"])
    if expected.get("tool_calls"):
        expected["finish_reason"] = "tool_calls"
    if expected.get("finish_reason") in ("load", "unload"):
        expected["finish_reason"] = "other"
    if expected.get("done") and not expected.get("finish_reason"):
        expected["finish_reason"] = "stop"
    return expected
