"""In which ways servers that speak OpenAI's chat completions differ, read from what they send."""

from __future__ import annotations

import json
from typing import Any

import requests

from .questions import Question


def read_stream(url: str, body: dict[str, Any], key: str) -> tuple[list[dict[str, Any]], bool]:
    """The chunks of a streamed answer, and whether ``[DONE]`` followed them."""
    body = {**body, "stream": True, "stream_options": {"include_usage": True}}
    reply = requests.post(f"{url}/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    assert reply.headers["content-type"].startswith("text/event-stream"), reply.text
    datas = [
        line.removeprefix("data:").strip() for line in reply.content.decode().split("\n") if line.startswith("data")
    ]
    return [json.loads(data) for data in datas if data != "[DONE]"], datas[-1] == "[DONE]"


def describe_stream(url: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """How a streamed answer ends, where its usage is, and which of its deltas have a role."""
    chunks, done = read_stream(url, body, key)
    deltas = [choice.get("delta") or {} for chunk in chunks for choice in chunk["choices"]]
    spoken = [delta for delta in deltas if delta.get("content")]
    roles = sum("role" in delta for delta in spoken)
    return {
        "done": done,
        "usage": next((describe_choice(chunk["choices"]) for chunk in chunks if chunk.get("usage")), "never"),
        "first": sorted(deltas[0]),
        "roles": "each"
        if roles == len(spoken)
        else "some"
        if roles > 1
        else "first"
        if "role" in deltas[0]
        else "none",
        "bare": any("object" not in chunk for chunk in chunks),
    }


def describe_choice(choices: list[dict[str, Any]]) -> str:
    """What the choice of the chunk that has the usage is."""
    if not choices:
        return "without a choice"
    return "with the finish reason" if choices[0].get("finish_reason") else "with an empty choice"


def describe_call(url: str, body: dict[str, Any], key: str, question: Question) -> dict[str, Any]:
    """How a tool call comes: in how many pieces, and what the content beside a whole one is."""
    body = {**body, "messages": question.messages, "tools": question.tools}
    chunks, _ = read_stream(url, body, key)
    deltas = [choice.get("delta") or {} for chunk in chunks for choice in chunk["choices"]]
    pieces = [call for delta in deltas for call in delta.get("tool_calls") or ()]
    reply = requests.post(f"{url}/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    message = reply.json()["choices"][0]["message"]
    return {
        "pieces": "one" if len(pieces) == 1 else "several" if pieces else "none",
        "beside": message.get("content", "absent"),
    }
