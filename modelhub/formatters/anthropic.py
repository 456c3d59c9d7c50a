"""The layout for Claude models, whose content is a list of blocks."""

from __future__ import annotations

from typing import Any

from modelhub.errors import BadRequestError
from modelhub.formatters.base import EMPTY, HISTORY, FormatterBase, Msgs
from modelhub.media import PLAIN_IMAGES, build_source, load_image
from modelhub.messages import write_output
from modelhub.messages.msg import Msg
from modelhub.overriding import override


class AnthropicFormatter(FormatterBase):
    """The first system message stays separate; for several agents, one user message says who said what."""

    supported_model_regexes = ("claude-3-5.*", "claude-3-7.*")

    @classmethod
    @override
    def format_chat(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        for index, msg in enumerate(cls.check_and_flat_messages(*msgs)):
            if index == 0 and msg.role == "system":
                messages += cls._build_system(msg)
                continue
            cls.leave_out(msg, ("text", "image", "tool_use", "tool_result"))
            content = [built for block in msg.get_content_blocks() if (built := cls._build_block(msg, block))]
            # Only the first message may be the system's.
            messages.append({"role": "user" if msg.role == "system" else msg.role, "content": content})
        return messages

    @classmethod
    @override
    def format_multi_agent(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        flat = cls.check_and_flat_messages(*msgs)
        if not flat:
            raise ValueError(EMPTY)
        system: str | None = None
        lines: list[str] = []
        images: list[dict[str, Any]] = []
        for index, msg in enumerate(flat):
            if index == 0 and msg.role == "system":
                cls.leave_out(msg, ("text",))
                system = msg.get_text_content()
                continue
            cls.leave_out(msg, ("text", "image", "tool_use", "tool_result"))
            for block in msg.get_content_blocks():
                kind = block["type"]
                if kind == "text":
                    lines.append(f"{msg.name}: {block['text']}")
                elif kind in ("tool_use", "tool_result"):
                    lines.append(f"<{kind}>{block}</{kind}>")
                elif kind == "image" and (built := cls._build_block(msg, block)):
                    images.append(built)
        text = {"type": "text", "text": "\n".join([HISTORY, *lines] if lines else [])}
        user = {"role": "user", "content": [text, *images]}
        return [user] if system is None else [{"role": "system", "content": system}, user]

    @classmethod
    @override
    def format_tools_json_schemas(cls, schemas: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        functions = [tool["function"] for tool in super().format_tools_json_schemas(schemas)]
        return [
            {
                "name": function["name"],
                "description": function.get("description", ""),
                "input_schema": function.get("parameters", {}),
            }
            for function in functions
        ]

    @classmethod
    def _build_system(cls, msg: Msg) -> list[dict[str, Any]]:
        """The text of the system message, since the API takes no more there; results of tools go to a user message."""
        cls.leave_out(msg, ("text", "tool_result"))
        text, results = msg.get_text_content(), msg.get_content_blocks("tool_result")
        messages: list[dict[str, Any]] = [] if text is None else [{"role": "system", "content": text}]
        if results:
            messages.append({"role": "user", "content": [cls._build_block(msg, block) for block in results]})
        return messages

    @classmethod
    def _build_block(cls, msg: Msg, block: dict[str, Any]) -> dict[str, Any] | None:
        """A block in the API's form, None if it has no such block; raises TypeError for a file that is no image."""
        kind = block["type"]
        if kind == "text":
            return {"type": "text", "text": block["text"]}
        if kind == "tool_use":
            return {name: block[name] for name in ("type", "id", "name", "input")}
        if kind == "tool_result":
            output = block["output"]
            content = output if is_content(output) else write_output(output)
            return {"type": "tool_result", "tool_use_id": block["id"], "content": content}
        if kind != "image":
            return None
        url = load_image(block["url"])
        if url is None:
            raise TypeError(f"{block['url']} should be end with ('.png', '.jpg', '.jpeg', '.gif').")
        try:
            source = build_source(url)
        except BadRequestError as error:
            cls.warn(msg, f"cannot take an image ({error.message})")
            return None
        if source.get("media_type", "image/png") not in PLAIN_IMAGES:
            cls.warn(msg, f"cannot take an image of the type {source['media_type']}")
            return None
        return {"type": "image", "source": source}


def is_content(output: Any) -> bool:
    """Whether the API takes this output of a tool as it is, because it is a text or a list of blocks."""
    if isinstance(output, list):
        return all(isinstance(block, dict) and "type" in block for block in output)
    return isinstance(output, str)
