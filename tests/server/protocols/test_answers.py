"""What the protocols write is read by modelhub's own wrappers as the same answer, whole and in a stream."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.response import ModelResponse, Usage
from modelhub.testing import Replay
from modelhub.wire import encode_json

from .speaking import ROUTES, build_response, parse, read_cases, write_stream

CASES = read_cases("answers")
READERS = {
    "openai_chat": "/v1/chat/completions",
    "anthropic_chat": "/v1/messages",
    "ollama_chat": "/api/chat",
}
COUNTS = {
    "openai_chat": Usage.__slots__,
    "anthropic_chat": Usage.__slots__,
    "ollama_chat": ("prompt_tokens", "completion_tokens", "total_tokens"),
}
BODY = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module")
def hub() -> ModelRegistry:
    address = {"client_args": {"base_url": "http://gateway"}, "api_key": "k", "model_name": "m"}
    return ModelRegistry([{"config_name": kind, "model_type": kind, **address} for kind in READERS])


def tell(response: ModelResponse, kind: str) -> dict[str, Any]:
    """What of a response the protocol carries; Ollama's calls have no ids, and it has no word for a filter."""
    calls = [(None if kind == "ollama_chat" else c.id, c.name, c.arguments) for c in response.tool_calls or ()]
    usage = response.usage or Usage()
    return {
        "text": response.text or "",
        "reasoning": response.reasoning,
        "tool_calls": calls,
        "finish_reason": response.finish_reason,
        "usage": [getattr(usage, name) for name in COUNTS[kind]],
    }


def expect(case: dict[str, Any], kind: str) -> dict[str, Any]:
    """What is to be read."""
    told = tell(build_response(case["whole"]), kind) | case.get("read", {})
    if kind == "ollama_chat" and told["finish_reason"] == "content_filter":
        told["finish_reason"] = "other"
    return told


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_whole_answers_are_read_as_they_are(hub: ModelRegistry, name: str, case: dict[str, Any], kind: str) -> None:
    path = READERS[kind]
    writer = ROUTES[path].build_writer(parse(path, {**BODY, "stream": False}), "x1", 1)
    model: Any = hub.get_model(kind)
    model.drivers = Replay([{"body": encode_json(writer.build_whole(build_response(case["whole"]))).decode()}])
    assert tell(model("hi"), kind) == expect(case, kind)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_streams_are_read_as_they_are(hub: ModelRegistry, name: str, case: dict[str, Any], kind: str) -> None:
    path = READERS[kind]
    wanted = parse(path, {**BODY, "stream": True, "stream_options": {"include_usage": True}}, {})
    written = write_stream(ROUTES[path], wanted, case["deltas"], build_response(case["whole"]))
    model: Any = hub.get_model(kind)
    headers = {"content-type": ROUTES[path].build_writer(wanted, "x1", 1).content_type}
    model.drivers = Replay([{"headers": headers, "chunks": [written.decode()]}], cut=7)
    response = model("hi", stream=True)
    texts = [delta.text for delta in response if delta.text]
    assert texts == [delta["text"] for delta in case["deltas"] if delta["text"]]
    assert tell(response, kind) == expect(case, kind)
