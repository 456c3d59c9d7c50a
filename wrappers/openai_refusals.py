"""Options that a server of OpenAI's API refuses although others want them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# How models that think say that they want the new name: https://platform.openai.com/docs/guides/reasoning
_RENAMED = re.compile(r"max_tokens\b.*\bmax_completion_tokens\b", re.DOTALL)


def find_refused(message: str, body: Mapping[str, Any], options: Mapping[str, Any]) -> str | None:
    """The key of ``body`` that a server refused with ``message``, and that can be left out or said otherwise.

    That is a ``stream_options`` that nobody asked for, and a ``max_tokens`` that the model calls otherwise.
    """
    if "stream_options" in message and "stream_options" in body and "stream_options" not in options:
        return "stream_options"
    if "max_tokens" in body and "max_completion_tokens" not in body and _RENAMED.search(message):
        return "max_tokens"
    return None


def leave_out(body: dict[str, Any], name: str) -> dict[str, Any]:
    """``body`` without the key that was refused, or with its value under the name that the model has for it."""
    rest = {key: value for key, value in body.items() if key != name}
    return {**rest, "max_completion_tokens": body[name]} if name == "max_tokens" else rest
