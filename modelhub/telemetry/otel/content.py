"""What was said in a call, in attributes of its span, without the config's secrets: only where a variable asks for it.

The attributes are JSON in the form of the conventions' schemas.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import orjson

from modelhub.errors import ModelHubError
from modelhub.events import CallEnded, CallStarted
from modelhub.fitting.rules import PLAIN
from modelhub.fitting.tools import normalize_tools
from modelhub.messages import normalize_messages
from modelhub.response import ModelResponse
from modelhub.secrets import scrub
from modelhub.telemetry.otel.parts import build_answer, build_message, build_tool

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_APART = ("anthropic", "gcp.gemini")  # whose APIs take instructions apart from the messages
_INSTRUCTING = ("system", "developer")


class Content:
    """Builds the attributes of one call, of a model with these ``secrets``."""

    __slots__ = ("_secrets",)

    def __init__(self, secrets: list[str]) -> None:
        self._secrets = secrets

    def build_input(self, event: CallStarted, provider: Any) -> dict[str, str]:
        """What the model is asked; texts that are turned into vectors are left out, as the conventions do."""
        if event.task == "embedding":
            return {}
        messages, instructions = _find_messages(event), 0
        if provider in _APART:
            instructions = next((n for n, m in enumerate(messages) if m["role"] not in _INSTRUCTING), len(messages))
        told = [build_message(message) for message in messages]
        found: dict[str, Any] = {
            "gen_ai.system_instructions": [part for message in told[:instructions] for part in message["parts"]],
            "gen_ai.input.messages": told[instructions:],
            "gen_ai.tool.definitions": _find_tools(event.arguments.get("tools")),
        }
        return {name: self._write(value) for name, value in found.items() if value}

    def build_output(self, event: CallEnded) -> dict[str, str]:
        """What the model answered."""
        response = event.response
        if not isinstance(response, ModelResponse) or event.task == "embedding":
            return {}
        return {"gen_ai.output.messages": self._write([build_answer(response)])}

    def _write(self, value: Any) -> str:
        return orjson.dumps(self._mask(value), default=str, option=orjson.OPT_NON_STR_KEYS).decode()

    def _mask(self, value: Any) -> Any:
        if isinstance(value, str):
            return scrub(value, self._secrets)
        if isinstance(value, Mapping):
            return {key: self._mask(item) for key, item in value.items()}
        return [self._mask(item) for item in value] if isinstance(value, list | tuple) else value


def find_content(model: Any) -> Content | None:
    """What builds the content of a call of ``model``; None where nobody wants it."""
    return Content(model.find_secrets()) if os.environ.get(VARIABLE, "").strip().lower() == "true" else None


def _find_messages(event: CallStarted) -> list[dict[str, Any]]:
    """What is asked, as messages; none if it is nothing that can be read twice, or no chat."""
    given = event.arguments
    asked = next((given[name] for name in ("messages", "prompt", "args[0]") if name in given), None)
    if not (isinstance(asked, str | list | tuple | Mapping) or hasattr(asked, "role")):
        return []
    try:
        return normalize_messages(asked)
    except (ModelHubError, TypeError, ValueError):
        return []


def _find_tools(tools: Any) -> list[dict[str, Any]]:
    if not isinstance(tools, list | tuple | Mapping):
        return []
    try:
        return [build_tool(tool) for tool in normalize_tools(tools, PLAIN)]
    except (ModelHubError, TypeError, ValueError):
        return []
