"""Calls of Google's SDK."""

from __future__ import annotations

import json
from typing import Any

from tests.sdk.case import Case

BASE_URL = "http://recorded"

DIFFERENT: dict[str, str] = {}

METHODS = {
    "models.generate_content": "gemini_chat",
    "models.generate_content_stream": "gemini_chat",
    "models.embed_content": "gemini_embedding",
}
FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "BLOCKLIST": "content_filter", "PROHIBITED_CONTENT": "content_filter"}
# Neutral names for what the SDK's config calls otherwise.
NAMES = {"max_output_tokens": "max_tokens", "stop_sequences": "stop", "candidate_count": "n"}
CHOICES = {"ANY": "required", "NONE": "none", "AUTO": "auto"}
# What pydantic's model in the recordings becomes, which the SDK works out itself.
PERSON = {
    "title": "Person",
    "type": "OBJECT",
    "properties": {
        "name": {"title": "Name", "type": "STRING"},
        "age": {"title": "Age", "type": "INTEGER"},
        "nick": {"nullable": True, "title": "Nick", "type": "STRING"},
    },
    "required": ["name", "age"],
}


def read_call(recording: dict[str, Any]) -> Case | None:
    call = recording.get("call") or {}
    method = (call.get("method") or "").removeprefix("aio.")
    model_type = METHODS.get(method)
    response = recording.get("response")
    # Listing models is no call of a model; count_tokens is tests/wrappers/test_gemini.py; a client that was refused a
    # key sent nothing; a reply that comes too late needs a clock.
    if model_type is None or not response or response.get("delay_s"):
        return None
    client = (call.get("client") or {}).get("http_options") or {}
    base_url = client.get("base_url", BASE_URL).replace("http://127.0.0.1:PORT", BASE_URL)
    client_args = {"base_url": base_url}
    if "api_version" in client:
        client_args["api_version"] = client["api_version"]
    kwargs = _decode(dict(call["kwargs"]))
    config = {"model_name": kwargs["model"], "api_key": "test-key", "client_args": client_args}
    options = _read_options(kwargs.get("config") or {})
    contents = kwargs["contents"]
    if model_type == "gemini_embedding":
        if "embedding-2" in kwargs["model"] and isinstance(contents, list):
            contents = [{"parts": contents}]  # the SDK makes one vector of all; here that is one content of parts
        return Case(model_type, config, [contents], options)
    system = options.pop("system_instruction", None)
    messages = _read_messages(contents)
    if system is not None:
        messages = [{"role": "system", "content": system}, *messages]
    return Case(model_type, config, [messages], options, method.endswith("_stream"))


def _read_options(config: dict[str, Any]) -> dict[str, Any]:
    options = {NAMES.get(name, name): value for name, value in config.items()}
    if "http_options" in options:
        options["extra_body"] = options.pop("http_options")["extra_body"]
    if options.get("max_tokens") == 0:  # which is refused, unless it is added by hand
        options["extra_body"] = {"generationConfig": {"maxOutputTokens": options.pop("max_tokens")}}
    if "tool_config" in options:
        options["tool_choice"] = CHOICES[options.pop("tool_config")["function_calling_config"]["mode"]]
    if "response_json_schema" in options:
        schema = options.pop("response_json_schema")
        del options["response_mime_type"]
        options["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    if options.get("response_schema") == {"__type__": "Person"}:
        options["response_schema"] = PERSON
    return options


def _read_messages(contents: Any) -> list[dict[str, Any]]:
    """The neutral form of what the SDK takes as ``contents``."""
    if isinstance(contents, str):
        return [{"role": "user", "content": contents}]
    if not any(isinstance(item, dict) and "parts" in item for item in contents):
        return [{"role": "user", "content": [_read_part(part) for part in contents]}]
    return [message for content in contents for message in _read_turn(content)]


def _read_turn(content: dict[str, Any]) -> list[dict[str, Any]]:
    parts = content["parts"]
    results = [part["function_response"] for part in parts if "function_response" in part]
    if results:
        return [
            {"role": "tool", "tool_call_id": result["id"], "content": result["response"]["result"]}
            for result in results
        ]
    role = "assistant" if content["role"] == "model" else content["role"]
    message: dict[str, Any] = {"role": role, "content": [_read_part(p) for p in parts if "function_call" not in p]}
    calls = [
        {
            "id": part["function_call"]["id"],
            "type": "function",
            "function": {
                "name": part["function_call"]["name"],
                "arguments": json.dumps(part["function_call"]["args"]),
            },
            "extra_content": {"google": {"thought_signature": part.get("thought_signature")}},
        }
        for part in parts
        if "function_call" in part
    ]
    return [{**message, "content": None, "tool_calls": calls} if calls else message]


def _read_part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if "inline_data" in part:
        kind, data = part["inline_data"]["mime_type"], part["inline_data"]["data"]
        data = data.replace("-", "+").replace("_", "/")
        if kind.startswith("audio/"):
            return {"type": "input_audio", "input_audio": {"data": data, "format": kind.removeprefix("audio/")}}
        return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}
    if "file_data" in part:
        return {"type": "image_url", "image_url": {"url": part["file_data"]["file_uri"]}}
    return {"type": "text", "text": part["text"]}


def _decode(value: Any) -> Any:
    """Bytes as base64, which is what the SDK makes of them."""
    if isinstance(value, dict):
        if set(value) == {"__bytes_b64__"}:
            return value["__bytes_b64__"]
        return {key: _decode(item) for key, item in value.items()}
    return [_decode(item) for item in value] if isinstance(value, list) else value


def expect(recording: dict[str, Any]) -> dict[str, Any]:
    """What the response must be in modelhub's words: OpenAI's finish reasons, and thoughts counted as completion."""
    if recording["case_id"] == "resp_empty_body":
        return {"error": {"why": "the SDK takes an empty body for an empty answer"}}
    if recording["case_id"] == "error_204":
        recording = {**recording, "robust_expected": {"text": "Hello! How can I help you today?"}}  # 202 is a success
    expected = dict(recording.get("robust_expected") or recording["sdk_parsed"])
    for old in ("code", "status"):  # a code in the body is no HTTP status
        expected.pop(old, None)
    if expected.get("block_reason"):
        expected["finish_reason"] = "content_filter"
    elif expected.get("tool_calls"):
        expected["finish_reason"] = "tool_calls"
    elif expected.get("finish_reason"):
        expected["finish_reason"] = FINISH.get(expected["finish_reason"], "other")
    if expected.get("images_b64"):
        pairs = zip(expected["image_mime"], expected["images_b64"], strict=True)
        expected["image_urls"] = [f"data:{kind};base64,{data}" for kind, data in pairs]
    for call in expected.get("tool_calls") or ():
        call["arguments"] = call["arguments"] or {}
    usage = expected.get("usage") or {}
    if usage.get("reasoning_tokens"):
        expected["usage"] = {**usage, "completion_tokens": usage["completion_tokens"] + usage["reasoning_tokens"]}
    return expected
