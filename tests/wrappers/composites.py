"""What the tests of composites share: recorded answers, and registries of small models with a composite over them."""

from __future__ import annotations

import json
from typing import Any

from modelhub import ModelRegistry
from modelhub.testing import Replay


def answer(text: str = "ok", tokens: tuple[int, int] = (1, 2), **more: Any) -> dict[str, Any]:
    """A whole answer of OpenAI's API."""
    message = {"role": "assistant", "content": text, **more}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    reason = "tool_calls" if "tool_calls" in more else "stop"
    body = {"choices": [{"index": 0, "message": message, "finish_reason": reason}], "usage": usage}
    return {"status": 200, "headers": {}, "body": json.dumps(body)}


def stream(*texts: str, tokens: tuple[int, int] = (1, 2)) -> dict[str, Any]:
    """A streamed answer of OpenAI's API, with its usage at the end."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    events: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    events.append({"choices": [], "usage": usage})
    chunks = [f"data: {json.dumps(event)}\n\n" for event in events]
    return {"status": 200, "headers": {}, "chunks": [*chunks, "data: [DONE]\n\n"]}


LIMITED = {"status": 429, "headers": {}, "body": "{}"}
BROKEN = {"status": 500, "headers": {}, "body": "{}"}
WRONG = {"status": 400, "headers": {}, "body": '{"error": {"message": "no such option"}}'}
ONCE = {"api_key": "k", "retry": {"max_attempts": 1}}


def build(front: dict[str, Any], exchanges: list[Any], *more: Any, names: str = "abc", **given: Any) -> Any:
    """The composite ``front`` over chats with these names, all of which ``exchanges`` answer in turn."""
    configs = [{"config_name": name, "model_type": "openai_chat", "model_name": name, **ONCE} for name in names]
    hub = ModelRegistry([*configs, {"config_name": "front", **front}, *more], **given)
    model = hub.get_model("front")
    model.drivers = Replay(exchanges)
    return model


def tell(trail: Any) -> list[Any]:
    """Who was tried, and how it went."""
    return [(attempt.config_name, attempt.outcome) for attempt in trail]


def read_bodies(model: Any) -> list[dict[str, Any]]:
    """What was sent, in order."""
    return [json.loads(request.body) for request in model.drivers.requests]


def read_asked(model: Any) -> list[str]:
    """The names of the models that were asked, in order."""
    return [body["model"] for body in read_bodies(model)]
