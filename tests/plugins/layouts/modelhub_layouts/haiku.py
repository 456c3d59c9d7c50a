"""A formatter that asks for the last message as a poem."""

from __future__ import annotations

from typing import Any

from modelhub.formatters import FormatterBase

SYLLABLES = (5, 7, 5)


class HaikuFormatter(FormatterBase):
    supported_model_regexes = ("basho-.*",)

    @classmethod
    def format_chat(cls, *msgs: Any) -> list[dict[str, Any]]:
        text = cls.check_and_flat_messages(*msgs)[-1].get_text_content()
        return [{"role": "user", "content": f"{text} (as a haiku)"}]

    format_multi_agent = format_chat
