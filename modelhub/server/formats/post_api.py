"""A private service whose replies AgentScope's POST API wrappers can read; it does not stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from modelhub.server.formats.answers import Message, Prompt, count_tokens
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.images import build_rows
from modelhub.server.formats.openai import build_usage, parse_text
from modelhub.server.formats.replies import Failure, Reply, build_json


def build_chat(ask: Ask) -> Reply:
    """Answer the messages (or plain texts) under the key ``messages`` or ``inputs``."""
    prompt = parse_prompt(ask)
    answer = ask.answer(prompt)
    message = {"role": "assistant", "content": answer.text}
    choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason}
    usage = build_usage(prompt, [answer])
    response = {"model": prompt.model, "choices": [choice], "usage": usage}
    return build_json({"data": {"response": response}}, tokens=usage["total_tokens"])


def parse_prompt(ask: Ask) -> Prompt:
    """Read a request; raise Failure when it asks nothing."""
    given: Any = ask.body.get("messages", ask.body.get("inputs"))
    if not given:
        raise Failure(400, "bad_request", "give the input under 'messages' or 'inputs'")
    return Prompt(
        model=str(ask.body.get("model") or "mock-chat"),
        messages=[_parse_message(one) for one in (given if isinstance(given, list) else [given])],
        max_tokens=ask.body.get("max_tokens"),
    )


def _parse_message(message: Any) -> Message:
    if isinstance(message, dict):
        return Message(message.get("role") or "user", parse_text(message.get("content")))
    return Message("user", str(message))


def build_vectors(ask: Ask) -> Reply:
    """Embed the texts under any of the usual keys."""
    body = ask.body
    given: Any = next((body[key] for key in ("input", "inputs", "messages") if body.get(key)), None)
    if not given:
        raise Failure(400, "bad_request", "give the texts under 'input', 'inputs' or 'messages'")
    texts = given if isinstance(given, list) else [given]
    model = str(body.get("model") or "mock-embedding")
    rows = [{"index": n, "embedding": row} for n, row in enumerate(ask.embed(model, [*map(str, texts)]))]
    tokens = sum(count_tokens(str(text)) for text in texts)
    return build_json({"data": {"response": {"model": model, "data": rows}}}, tokens=tokens)


def build_pictures(ask: Ask) -> Reply:
    """Draw what the key ``prompt``, ``inputs`` or ``messages`` asks for."""
    body = ask.body
    prompt = next((body[key] for key in ("prompt", "inputs", "messages") if body.get(key)), None)
    rows = build_rows(replace(ask, body={**body, "prompt": prompt}))
    return build_json({"data": {"response": {"data": rows}}})


def build_error(failure: Failure) -> Reply:
    """A failure in a plain error object."""
    return build_json({"error": {"code": failure.name, "message": failure.message}}, failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The event for a failure in the middle of a stream; here, only a raw reply can be a stream."""
    return orjson.dumps({"error": {"code": failure.name, "message": failure.message}}) + b"\n"


FORMAT = Format(
    (
        Endpoint("POST", ("/llm/", "/llm", "/post"), build_chat, "text", parse_prompt),
        Endpoint("POST", ("/llm/embeddings",), build_vectors, "embedding"),
        Endpoint("POST", ("/llm/images",), build_pictures, "image"),
    ),
    build_error,
    build_error_event,
)
