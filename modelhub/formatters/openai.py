"""The layout for OpenAI's models, whose messages have names, images and tool calls."""

from __future__ import annotations

from typing import Any

from modelhub.formatters.base import FormatterBase, Msgs
from modelhub.media import load_image
from modelhub.messages import build_tool_call, build_tool_message
from modelhub.overriding import override


class OpenAIFormatter(FormatterBase):
    """One layout for a chat and for several agents, because each message names its speaker."""

    supported_model_regexes = ("gpt-.*", "o1", "o1-mini", "o3-mini")

    @classmethod
    @override
    def format_chat(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        return cls.format_multi_agent(*msgs)

    @classmethod
    @override
    def format_multi_agent(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        for msg in cls.check_and_flat_messages(*msgs):
            cls.leave_out(msg, ("text", "image", "tool_use", "tool_result"))
            results, calls = msg.get_content_blocks("tool_result"), msg.get_content_blocks("tool_use")
            messages += [build_tool_message(block, str(block["output"])) for block in results]
            content = [build_part(block) for block in msg.get_content_blocks() if block["type"] in ("text", "image")]
            message: dict[str, Any] = {"role": msg.role, "name": msg.name, "content": content or None}
            if calls:
                message["tool_calls"] = [build_tool_call(block) for block in calls]
            if content or calls:
                messages.append(message)
        return messages


def build_part(block: dict[str, Any]) -> dict[str, Any]:
    """A text or an image as a part; a local image becomes data. Raises TypeError for a file that is not an image."""
    if block["type"] == "text":
        return {"type": "text", "text": block["text"]}
    url = load_image(block["url"])
    if url is None:
        raise TypeError(f"\"{block['url']}\" should end with ('.png', '.jpg', '.jpeg', '.gif', '.webp').")
    return {"type": "image_url", "image_url": {"url": url}}
