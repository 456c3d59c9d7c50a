"""A private service in the envelope that AgentScope's POST API wrappers read; it does not stream."""

from __future__ import annotations

from typing import Any

import orjson

from modelhub.mock.answers import Message, Prompt
from modelhub.mock.formats import Ask, Endpoint, Format
from modelhub.mock.openai import build_usage, parse_text
from modelhub.mock.replies import Failure, Reply, build_json


def build_chat(ask: Ask) -> Reply:
    """Answer messages (or plain texts) given under ``messages`` or ``inputs``."""
    given: Any = ask.body.get("messages", ask.body.get("inputs"))
    if not given:
        raise Failure(400, "bad_request", "give the input under 'messages' or 'inputs'")
    prompt = Prompt(
        model=str(ask.body.get("model") or "mock-chat"),
        messages=[_parse_message(one) for one in (given if isinstance(given, list) else [given])],
        max_tokens=ask.body.get("max_tokens"),
    )
    answer = ask.answer(prompt)
    message = {"role": "assistant", "content": answer.text}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason}
    usage = build_usage(prompt, [answer])
    return build_json({"data": {"response": {"model": prompt.model, "choices": [choice], "usage": usage}}})


def _parse_message(message: Any) -> Message:
    if isinstance(message, dict):
        return Message(message.get("role") or "user", parse_text(message.get("content")))
    return Message("user", str(message))


def build_error(failure: Failure) -> Reply:
    """A failure in a plain error object."""
    return build_json({"error": {"code": failure.name, "message": failure.message}}, failure.status)


def build_error_event(failure: Failure) -> bytes:
    """A failure in the middle of a stream, which only a raw reply can be."""
    return orjson.dumps({"error": {"code": failure.name, "message": failure.message}}) + b"\n"


FORMAT = Format(
    (Endpoint("POST", ("/llm/", "/llm", "/post"), build_chat, speaks=True),),
    build_error,
    build_error_event,
)
