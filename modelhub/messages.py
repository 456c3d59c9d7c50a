"""The neutral form of a chat: what a caller may pass as ``messages``, as a list of OpenAI-shaped dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.errors import BadRequestError

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


def normalize_messages(messages: Any) -> list[dict[str, Any]]:
    """A ``str``, one message, or a list of messages (dicts or objects with role and content) as a list of dicts.

    Raises BadRequestError naming the message that cannot be sent.
    """
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    if isinstance(messages, Mapping) or hasattr(messages, "role"):
        messages = [messages]
    if not isinstance(messages, list | tuple):
        raise BadRequestError(f"messages must be a str or a list of messages, not {type(messages).__name__}")
    return [_normalize(message, index) for index, message in enumerate(messages)]


def _normalize(message: Any, index: int) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        if not hasattr(message, "role") or not hasattr(message, "content"):
            raise BadRequestError(
                f"messages[{index}] must be a dict with role and content, not {type(message).__name__}"
            )
        message = {"role": message.role, "content": message.content}
    role = message.get("role")
    if role not in ROLES:
        raise BadRequestError(f"messages[{index}] needs a role, one of {', '.join(sorted(ROLES))}; it has {role!r}")
    if "content" not in message and "tool_calls" not in message:
        raise BadRequestError(f"messages[{index}] ({role}) has no content")
    return message if type(message) is dict else dict(message)


def tool_choice_name(choice: Any) -> str | None:
    """The name of the one tool that ``tool_choice`` demands, None when it is one of OpenAI's words."""
    if isinstance(choice, str):
        return None if choice in ("auto", "none", "required") else choice
    if isinstance(choice, Mapping):
        function = choice.get("function")
        return function.get("name") if isinstance(function, Mapping) else None
    return None
