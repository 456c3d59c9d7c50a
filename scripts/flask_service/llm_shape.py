"""AgentScope's ``POST /llm/``: where its requests have the input, and the envelope of its replies."""

from __future__ import annotations

from typing import Any

from .messages import Message, parse_messages
from .refusal import Refusal, refuse_value

INPUTS = ("messages", "inputs")  # of AgentScope 0.1, and of the releases before


def parse_input(body: dict[str, Any]) -> list[Message]:
    """The messages of a request, from either key; a string is what a user says. Raises Refusal."""
    given = [key for key in INPUTS if body.get(key) is not None]
    if len(given) != 1:
        wrong = "has both" if given else "has neither"
        raise Refusal(400, f"a request has 'messages' or 'inputs', this one {wrong}", "invalid_value", "messages")
    key = given[0]
    value = body[key]
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list):
        raise refuse_value(key, "a string or a list of messages")
    return parse_messages(value, key)


def build_envelope(completion: dict[str, Any]) -> dict[str, Any]:
    """A completion as AgentScope's clients look for it."""
    return {"data": {"response": completion, **completion["usage"], "messages": {}, "username": ""}}
