"""The layout for Gemini, whose messages have ``parts``."""

from __future__ import annotations

from typing import Any

from modelhub.formatters.base import EMPTY, HISTORY, FormatterBase, Msgs, read_dialogue
from modelhub.overriding import override


class GeminiFormatter(FormatterBase):
    """Only text; a system message becomes a user message."""

    supported_model_regexes = ("gemini-.*",)

    @classmethod
    @override
    def format_chat(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        flat = cls.check_and_flat_messages(*msgs)
        for msg in flat:
            cls.leave_out(msg, ("text",))
        return [
            {"role": "model" if msg.role == "assistant" else "user", "parts": msg.get_text_content()} for msg in flat
        ]

    @classmethod
    @override
    def format_multi_agent(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        if not msgs:
            raise ValueError(EMPTY)
        system, lines = read_dialogue(cls, cls.check_and_flat_messages(*msgs))
        pieces = [HISTORY, *lines] if lines else []
        if system is not None:
            pieces.insert(0, system if system.endswith("\n") else f"{system}\n")
        return [{"role": "user", "parts": ["\n".join(pieces)]}]
