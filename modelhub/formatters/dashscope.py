"""The layout for DashScope's models, whose content is a list of texts, images and audios."""

from __future__ import annotations

from typing import Any

from modelhub.formatters.base import HISTORY, FormatterBase, Msgs
from modelhub.media import is_file
from modelhub.messages import build_tool_call, build_tool_message
from modelhub.overriding import override


class DashScopeFormatter(FormatterBase):
    """For several agents, one user message has the images and audios, then who said what."""

    supported_model_regexes = ("qwen-.*",)

    @classmethod
    @override
    def format_chat(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        for msg in cls.check_and_flat_messages(*msgs):
            cls.leave_out(msg, ("text", "image", "audio", "tool_use", "tool_result"))
            results, calls = msg.get_content_blocks("tool_result"), msg.get_content_blocks("tool_use")
            messages += [build_tool_message(block, str(block["output"])) for block in results]
            content = [
                build_part(block) for block in msg.get_content_blocks() if block["type"] in ("text", "image", "audio")
            ]
            message: dict[str, Any] = {"role": msg.role, "content": content or None}
            if calls:
                message["tool_calls"] = [build_tool_call(block) for block in calls]
            if content or calls:
                messages.append(message)
        return messages

    @classmethod
    @override
    def format_multi_agent(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        media: list[dict[str, Any]] = []
        lines = []
        for index, msg in enumerate(cls.check_and_flat_messages(*msgs)):
            text = msg.get_text_content()
            if index == 0 and msg.role == "system" and text:
                cls.leave_out(msg, ("text",))
                messages.append({"role": "system", "content": [{"text": text}]})
                continue
            cls.leave_out(msg, ("text", "image", "audio"))
            if text:
                lines.append(f"{msg.name}: {text}")
            media += [build_part(block) for block in msg.get_content_blocks() if block["type"] in ("image", "audio")]
        history = {"text": "\n".join([HISTORY, *lines]) if lines else f"{HISTORY}\n"}
        return [*messages, {"role": "user", "content": [*media, history]}]


def build_part(block: dict[str, Any]) -> dict[str, Any]:
    """A text or the URL of an image or audio as a part; the path of a local file gets ``file://`` before it."""
    if block["type"] == "text":
        return {"text": block["text"]}
    url = block["url"]
    return {block["type"]: f"file://{url}" if is_file(url) else url}
