"""The layout of models that know text alone and no names of speakers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from modelhub.formatters.base import EMPTY, HISTORY, FormatterBase, Msgs, read_dialogue


class CommonFormatter(FormatterBase):
    """Text alone; several agents become one user message that tells who said what."""

    @classmethod
    def format_chat(
        cls, *msgs: Msgs, require_alternative: bool = False, require_user_last: bool = False
    ) -> list[dict[str, Any]]:
        """Role and text of each message, the text None where it has none.

        For models that must be asked by turns, ``require_alternative`` and ``require_user_last`` take the other
        layout when two neighbours have the same role, or the last message is no user's.
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
    def format_multi_agent(cls, *msgs: Msgs) -> list[dict[str, Any]]:
        if not msgs:
            raise ValueError(EMPTY)
        system, lines = read_dialogue(cls, cls.check_and_flat_messages(*msgs))
        user = {"role": "user", "content": "\n".join([HISTORY, *lines] if lines else [])}
        return [user] if system is None else [{"role": "system", "content": system}, user]

    @classmethod
    def is_supported_model(cls, model_name: str) -> bool:
        raise NotImplementedError("CommonFormatter is for whatever no other formatter is for: no model names it")
