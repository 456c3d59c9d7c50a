"""What the models of configs that describe a protocol cannot do, for they send or read nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.patterns import expression

_NAME = expression(r"\w+")
_SENT_AS = {"tools": "tools", "json_schema": "response_format", "json_object": "response_format"}


def find_undescribed(config: dict[str, Any]) -> dict[str, Any]:
    """The abilities that the config rules out, as facts about its model; empty for one that describes no protocol."""
    request, response = config.get("request"), config.get("response")
    facts: dict[str, Any] = {}
    if isinstance(request, dict) and (request.get("body") is not None or request.get("form") is not None):
        read = {word for text in _list_expressions(request) for word in _NAME.findall(text)}
        facts = {flag: False for flag, name in _SENT_AS.items() if name not in read}
        messages = config.get("messages")
        content = messages.get("content") if isinstance(messages, dict) else None
        if content not in ("parts", "auto"):
            facts["modalities"] = {"input": ["text"]}
    if isinstance(response, dict) and response.get("text") and not isinstance(config.get("stream"), dict):
        facts["streaming"] = False
    return facts


def _list_expressions(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("="):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _list_expressions(item)
