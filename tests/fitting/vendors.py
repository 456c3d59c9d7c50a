"""Every chat wrapper with recorded replies, and where its request has tools, a choice and a schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelhub import ModelRegistry
from modelhub.testing import Replay

TEXT = '{"city": "Oslo", "degrees": 3}'
Call = tuple[str, dict[str, Any]]


def _events(*data: Any, name: bool = False) -> list[str]:
    heads = [f"event: {one['type']}\n" if name else "" for one in data]
    return [f"{head}data: {json.dumps(one)}\n\n" for head, one in zip(heads, data, strict=True)]


def _openai_calls(calls: list[Call], whole: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "index": n,
            "id": f"call_{n}",
            "type": "function",
            "function": {"name": name, "arguments": arguments if whole else json.dumps(arguments)},
        }
        for n, (name, arguments) in enumerate(calls)
    ]


def _openai(text: str, calls: list[Call]) -> tuple[Any, list[str]]:
    reason = "tool_calls" if calls else "stop"
    message = {"role": "assistant", "content": text} | ({"tool_calls": _openai_calls(calls)} if calls else {})
    body = {"id": "1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": reason}]}
    first = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": message, "finish_reason": None}]}
    last = {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    return body, [*_events(first, last), "data: [DONE]\n\n"]


def _anthropic(text: str, calls: list[Call]) -> tuple[Any, list[str]]:
    reason = "tool_use" if calls else "end_turn"
    uses = [{"type": "tool_use", "id": f"call_{n}", "name": c[0], "input": c[1]} for n, c in enumerate(calls)]
    content = [{"type": "text", "text": text}, *uses]
    body = {"id": "1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": reason}
    starts = [
        event
        for n, block in enumerate(content)
        for event in (
            {"type": "content_block_start", "index": n, "content_block": block},
            {"type": "content_block_stop", "index": n},
        )
    ]
    events = _events(
        {"type": "message_start", "message": {**body, "content": []}},
        *starts,
        {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
        name=True,
    )
    return body, events


def _gemini(text: str, calls: list[Call]) -> tuple[Any, list[str]]:
    parts = [{"text": text}, *({"functionCall": {"name": name, "args": args}} for name, args in calls)]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate]}, _events({"candidates": [candidate]})


def _dashscope(text: str, calls: list[Call]) -> tuple[Any, list[str]]:
    message = {"role": "assistant", "content": text} | ({"tool_calls": _openai_calls(calls)} if calls else {})
    choice = {"finish_reason": "tool_calls" if calls else "stop", "message": message}
    body = {"output": {"choices": [choice]}, "request_id": "r"}
    return body, _events(body)


def _ollama(text: str, calls: list[Call]) -> tuple[Any, list[str]]:
    message = {"role": "assistant", "content": text}
    if calls:
        message = {**message, "tool_calls": _openai_calls(calls, whole=True)}  # type: ignore[dict-item]
    body = {"model": "m", "message": message, "done": True, "done_reason": "stop"}
    return body, [json.dumps(body) + "\n"]


def _openai_tools(body: Any) -> list[Any]:
    return [(tool["function"]["name"], tool["function"].get("parameters")) for tool in body.get("tools", ())]


def _gemini_tools(body: Any) -> list[Any]:
    declared = [one for tool in body.get("tools", ()) for one in tool.get("functionDeclarations", ())]
    return [(one["name"], one.get("parametersJsonSchema", one.get("parameters"))) for one in declared]


@dataclass
class Vendor:
    """One wrapper: its config, its replies, and where things are in its requests."""

    model_type: str
    config: dict[str, Any]
    reply: Callable[[str, list[Call]], tuple[Any, list[str]]]
    tools: Callable[[Any], list[Any]] = _openai_tools
    choice: Callable[[Any], Any] = lambda body: body.get("tool_choice")
    schema: Callable[[Any], Any] = lambda body: body["response_format"]["json_schema"]["schema"]

    def build(self, text: str = TEXT, calls: list[Call] | None = None, times: int = 1, **config: Any) -> Any:
        """A model, whole answers of which and then streams are recorded, and its connections."""
        body, chunks = self.reply(text, calls or [])
        exchanges: list[dict[str, Any]] = []
        for _ in range(times):
            exchanges.append({"status": 200, "body": json.dumps(body)})
        exchanges.append({"status": 200, "chunks": chunks})
        base = {"config_name": "v", "model_type": self.model_type, "model_name": "m", "api_key": "key-1"}
        model = ModelRegistry({**base, "retry": {"max_attempts": 1}, **self.config, **config}).get_model("v")
        model.transports = connections = Replay(exchanges)
        return model, connections

    def send(self, **options: Any) -> Any:
        """The body of one call."""
        model, connections = self.build()
        model("Hi", **options)
        return json.loads(connections.requests[0].body)


AT = {"client_args": {"base_url": "http://server/v1"}}
OPENAI_LIKE = ("openai_chat", "zhipuai_chat", "yi_chat", "litellm_chat")
VENDORS = [
    *(Vendor(model_type, AT, _openai) for model_type in OPENAI_LIKE),
    Vendor(
        "anthropic_chat",
        AT,
        _anthropic,
        lambda body: [(tool["name"], tool["input_schema"]) for tool in body.get("tools", ())],
        schema=lambda body: body["output_config"]["format"]["schema"],
    ),
    Vendor(
        "gemini_chat",
        AT,
        _gemini,
        _gemini_tools,
        lambda body: body.get("toolConfig", {}).get("functionCallingConfig"),
        lambda body: body["generationConfig"]["responseJsonSchema"],
    ),
    *(
        Vendor(
            model_type,
            AT,
            _dashscope,
            lambda body: _openai_tools(body["parameters"]),
            lambda body: body["parameters"].get("tool_choice"),
            lambda body: body["parameters"]["response_format"]["json_schema"]["schema"],
        )
        for model_type in ("dashscope_chat", "dashscope_multimodal")
    ),
    Vendor("ollama_chat", {"host": "http://server"}, _ollama, schema=lambda body: body["format"]),
]
BY_TYPE = {vendor.model_type: vendor for vendor in VENDORS}
