"""Replies of all vendors for one answer, whole and streamed; the answer is given in the vendor's own form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from modelhub import ModelRegistry, ModelResponse
from modelhub.testing import Replay

URL = "http://speaking.test"
CONFIGS: dict[str, dict[str, Any]] = {
    "openai_chat": {"client_args": {"base_url": f"{URL}/v1"}},
    "zhipuai_chat": {"client_args": {"base_url": f"{URL}/v1"}},
    "yi_chat": {"client_args": {"base_url": f"{URL}/v1"}},
    "litellm_chat": {"client_args": {"base_url": f"{URL}/v1"}},
    "post_api_chat": {"api_url": f"{URL}/v1/chat/completions"},
    "anthropic_chat": {"client_args": {"base_url": URL}},
    "gemini_chat": {"client_args": {"base_url": URL}},
    "ollama_chat": {"host": URL},
    "dashscope_chat": {"client_args": {"base_url": f"{URL}/api/v1"}},
    "dashscope_multimodal": {"client_args": {"base_url": f"{URL}/api/v1"}},
}
OPENAI_ALIKE = ("openai_chat", "zhipuai_chat", "yi_chat", "litellm_chat", "post_api_chat")
Cut = Callable[[str], list[str]]


def build_model(hub_config: dict[str, Any], *replies: Any) -> tuple[Any, Replay]:
    """A model that gets these replies, and what was sent to it."""
    key = {} if hub_config["model_type"] in ("post_api_chat", "ollama_chat") else {"api_key": "sk-1"}
    config = {"config_name": "m", "model_name": "m-1", **CONFIGS[hub_config["model_type"]], **key, **hub_config}
    model = ModelRegistry(config).get_model("m")
    model.drivers = replay = Replay(list(replies))
    return model, replay


def ask(model_type: str, answer: Any, stream: bool, cut: Cut | None = None, **config: Any) -> ModelResponse:
    """The response of a model that gives this answer."""
    reply = speak_streamed(model_type, answer, cut or halve) if stream else speak(model_type, answer)
    model, _ = build_model({"model_type": model_type, **config}, reply)
    response: ModelResponse = model("Hi", stream=stream)
    if stream:
        list(response)
    return response


def send(model_type: str, messages: list[dict[str, Any]], **config: Any) -> Any:
    """The messages as a model sends them, after a way through JSON."""
    model, replay = build_model({"model_type": model_type, **config}, speak(model_type, DONE[find_form(model_type)]))
    model(json.loads(json.dumps(messages)))
    body = json.loads(replay.requests[0].body or b"")
    form = find_form(model_type)
    return body["input"]["messages"] if form == "dashscope" else body["contents" if form == "gemini" else "messages"]


def find_form(model_type: str) -> str:
    """The name of the API that a model_type speaks."""
    return "openai" if model_type in OPENAI_ALIKE else model_type.partition("_")[0]


def halve(text: str) -> list[str]:
    """A text in two pieces."""
    return [piece for piece in (text[: len(text) // 2], text[len(text) // 2 :]) if piece]


DONE: dict[str, Any] = {
    "openai": {"content": "Done."},
    "dashscope": {"content": "Done."},
    "ollama": {"content": "Done."},
    "anthropic": [{"type": "text", "text": "Done."}],
    "gemini": [{"text": "Done."}],
}


def speak(model_type: str, answer: Any) -> dict[str, Any]:
    """The whole reply with this answer: a message, or the list of its blocks or parts."""
    form = find_form(model_type)
    if form == "anthropic":
        body: Any = {**START, "content": answer, "stop_reason": find_reason(form, answer)}
    elif form == "gemini":
        body = {"candidates": [{"content": {"role": "model", "parts": answer}, "finishReason": "STOP"}]}
    elif form == "ollama":
        body = {"model": "m", "message": {"role": "assistant", **answer}, "done": True, "done_reason": "stop"}
    else:
        choice = {"index": 0, "message": {"role": "assistant", **answer}, "finish_reason": find_reason(form, answer)}
        body = {"choices": [choice]}
        if form == "dashscope":
            body = {"output": body}
    return {"status": 200, "body": json.dumps(body)}


START = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "usage": {"input_tokens": 1}}


def find_reason(form: str, answer: Any) -> str:
    """Why a vendor says that an answer has ended."""
    if form == "anthropic":
        return "tool_use" if any(block["type"] == "tool_use" for block in answer) else "end_turn"
    return "tool_calls" if answer.get("tool_calls") else "stop"


def speak_streamed(model_type: str, answer: Any, cut: Cut) -> dict[str, Any]:
    """The same in pieces; ``cut`` cuts the texts."""
    form = find_form(model_type)
    events = {
        "anthropic": stream_blocks,
        "gemini": stream_parts,
        "ollama": stream_lines,
        "openai": stream_message,
        "dashscope": stream_message,
    }[form](answer, cut)
    if form == "ollama":
        return {"status": 200, "chunks": [json.dumps(event) + "\n" for event in events]}
    if form == "dashscope":
        events = ({"output": json.loads(json.dumps(event).replace('"delta":', '"message":'))} for event in events)
    done = ["data: [DONE]\n\n"] if form == "openai" else []
    return {"status": 200, "chunks": [*(f"data: {json.dumps(event)}\n\n" for event in events), *done]}


def stream_blocks(blocks: Any, cut: Cut) -> Iterator[dict[str, Any]]:
    yield {"type": "message_start", "message": {**START, "content": []}}
    for n, block in enumerate(blocks):
        kind = block["type"]
        empty = {
            "text": {"type": "text", "text": ""},
            "thinking": {"type": "thinking", "thinking": "", "signature": ""},
        }
        begun = {**block, "input": {}} if "input" in block else empty.get(kind, block)
        yield {"type": "content_block_start", "index": n, "content_block": begun}
        deltas = [{"type": "input_json_delta", "partial_json": p} for p in cut(json.dumps(block.get("input")))]
        if kind in ("text", "thinking"):
            deltas = [{"type": f"{kind}_delta", kind: piece} for piece in cut(block[kind])]
            deltas += [{"type": "citations_delta", "citation": item} for item in block.get("citations") or ()]
            deltas += [{"type": "signature_delta", "signature": block["signature"]}] if "signature" in block else []
        for delta in deltas if kind in ("text", "thinking") or "input" in block else ():
            yield {"type": "content_block_delta", "index": n, "delta": delta}
        yield {"type": "content_block_stop", "index": n}
    yield {"type": "message_delta", "delta": {"stop_reason": find_reason("anthropic", blocks)}, "usage": {}}
    yield {"type": "message_stop"}


def stream_parts(parts: Any, cut: Cut) -> Iterator[dict[str, Any]]:
    pieces = []
    for part in parts:
        texts = cut(part["text"]) if part.get("text") and part.keys() <= {"text", "thought"} else [None]
        pieces += [part if text is None else {**part, "text": text} for text in texts]
    for piece in pieces:
        yield {"candidates": [{"content": {"role": "model", "parts": [piece]}}]}
    yield {"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]}


def stream_lines(message: Any, cut: Cut) -> Iterator[dict[str, Any]]:
    for name in ("thinking", "content"):
        for piece in cut(message.get(name) or ""):
            yield {"model": "m", "message": {"role": "assistant", "content": "", name: piece}, "done": False}
    for call in message.get("tool_calls") or ():
        yield {"model": "m", "message": {"content": "", "tool_calls": [call]}, "done": False}
    yield {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop"}


def stream_message(message: Any, cut: Cut) -> Iterator[dict[str, Any]]:
    deltas: list[dict[str, Any]] = []
    for name, value in message.items():
        if name == "tool_calls":
            for n, call in enumerate(value):
                function = call.get("function") or {}
                begun = {**call, "index": n, "function": {**function, "arguments": ""}}
                deltas.append({name: [begun]})
                for piece in cut(function["arguments"]):
                    deltas.append({name: [{"index": n, "function": {"arguments": piece}}]})
        elif name == "content" and isinstance(value, list):
            for part in value:
                deltas += [{name: [piece]} for piece in cut_part(part, cut)]
        elif isinstance(value, str):
            deltas += [{name: piece} for piece in cut(value)] or [{name: ""}]
        elif name in ("reasoning_details", "thinking_blocks"):
            for block in value:
                deltas += [{name: [piece]} for piece in cut_block(block, cut)]
        elif value is not None:
            deltas.append({name: value})
    for delta in deltas:
        yield {"choices": [{"index": 0, "delta": delta}]}
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": find_reason("openai", message)}]}


def cut_part(part: dict[str, Any], cut: Cut) -> list[dict[str, Any]]:
    if part["type"] == "text":
        return [{**part, "text": piece} for piece in cut(part["text"])]
    return [{**part, "thinking": [inner]} for whole in part["thinking"] for inner in cut_part(whole, cut)]


def cut_block(block: dict[str, Any], cut: Cut) -> list[dict[str, Any]]:
    name = next((name for name in ("text", "summary", "thinking") if name in block), None)
    if name is None:
        return [block]
    signature = {n: block[n] for n in ("signature",) if n in block}
    bare = {n: value for n, value in block.items() if n != "signature"}
    pieces = [{**bare, name: piece} for piece in cut(block[name])]
    return [*pieces, {**bare, name: "", **signature}] if signature else pieces
