"""The layout for models that take only text, without the names of speakers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from modelhub.formatters.base import EMPTY, HISTORY, FormatterBase, Msgs, read_dialogue
from modelhub.overriding import override


class CommonFormatter(FormatterBase):
    """Only text; for several agents, one user message says who said what."""

    @classmethod
    @override
    def format_chat(
        cls, *msgs: Msgs, require_alternative: bool = False, require_user_last: bool = False
    ) -> list[dict[str, Any]]:
        """The role and the text of each message; the text is None for a message without text.

        Some models want user and assistant to take turns. For them, ``require_alternative`` chooses the layout for
        several agents if two neighbours have the same role, and ``require_user_last`` if the last role is not user.
        """
        flat = cls.check_and_flat_messages(*msgs)
        roles = [msg.role for msg in flat]
        repeated = any(one == other for one, other in pairwise(roles))
        if (require_alternative and repeated) or (require_user_last and roles[-1:] != ["user"]):
            return cls.format_multi_agent(flat)
        for msg in flat:
            cls.leave_out(msg, ("text",))
        return [{"role": msg.role, "content": msg.get_text_content()} for msg in flat]

    @classmethod
    @override
    def format_multi_agent(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        if not msgs:
            raise ValueError(EMPTY)
        system, lines = read_dialogue(cls, cls.check_and_flat_messages(*msgs))
        user = {"role": "user", "content": "\n".join([HISTORY, *lines] if lines else [])}
        return [user] if system is None else [{"role": "system", "content": system}, user]

    @classmethod
    @override
    def is_supported_model(cls, model_name: str) -> bool:
        raise NotImplementedError("CommonFormatter is for whatever no other formatter is for: no model names it")
