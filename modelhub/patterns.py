"""Regular expressions that are compiled when they are first used: most programs never need most of them."""

from __future__ import annotations

import re
from typing import Any, cast


class _Pattern:
    """Stands for what ``re.compile`` gives, whose methods it gets one by one as they are used."""

    def __init__(self, text: str, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        text, flags = self._given
        value = getattr(re.compile(text, flags), name)
        vars(self)[name] = value
        return value


def expression(text: str, flags: int = 0) -> re.Pattern[str]:
    """The regular expression ``text``."""
    return cast("re.Pattern[str]", _Pattern(text, flags))
