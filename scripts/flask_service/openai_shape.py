"""What is answered in OpenAI's shape: completions, chunks of streams, the list of models."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .generation import End, Event
from .tool_calls import ToolCall


@dataclass(frozen=True, slots=True)
class Heading:
    """What every part of an answer repeats, and the prompt's size for its usage."""

    model: str
    prompt_tokens: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def build(self, object: str, **rest: Any) -> dict[str, Any]:
        """An object of this answer."""
        return {"id": self.id, "object": object, "created": self.created, "model": self.model, **rest}

    def build_usage(self, completion_tokens: int) -> dict[str, int]:
        """The counts of the whole answer, the token that ended it among them."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": self.prompt_tokens + completion_tokens,
        }


def build_completion(heading: Heading, events: Iterable[Event]) -> dict[str, Any]:
    """The whole answer."""
    text, calls, end = "", [], End("length", 0)
    for event in events:
        if isinstance(event, str):
            text += event
        elif isinstance(event, ToolCall):
            calls.append(build_call(event))
        else:
            end = event
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message |= {"content": text or None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": find_reason(end, bool(calls))}
    return heading.build("chat.completion", choices=[choice], usage=heading.build_usage(end.tokens))


def build_chunks(heading: Heading, events: Iterable[Event], include_usage: bool) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed answer: the role, what there is to say, why it ended, and usage if asked for."""

    def build_chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return heading.build("chat.completion.chunk", choices=[choice])

    yield build_chunk({"role": "assistant", "content": ""})
    calls = 0
    for event in events:
        if isinstance(event, str):
            yield build_chunk({"content": event})
        elif isinstance(event, ToolCall):
            yield build_chunk({"tool_calls": [{"index": calls, **build_call(event)}]})
            calls += 1
        else:
            yield build_chunk({}, find_reason(event, calls > 0))
            if include_usage:
                yield heading.build("chat.completion.chunk", choices=[], usage=heading.build_usage(event.tokens))


def build_call(call: ToolCall) -> dict[str, Any]:
    """A tool call, given the id by which its result names it."""
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}


def find_reason(end: End, called: bool) -> str:
    """OpenAI's finish_reason."""
    return "tool_calls" if called and end.reason == "stop" else end.reason


def build_frame(chunk: dict[str, Any]) -> str:
    """A server-sent event."""
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


LAST_FRAME = "data: [DONE]\n\n"


def build_models(name: str, created: int, context: int | None) -> dict[str, Any]:
    """The list of the one model there is; ``max_model_len`` is vLLM's name for the context."""
    model = {"id": name, "object": "model", "created": created, "owned_by": "local", "max_model_len": context}
    return {"object": "list", "data": [model]}
