"""How those who speak OpenAI's API tell what they want back of their answers; what that is, is read with the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelhub.base import Dialect
from modelhub.late import late

if TYPE_CHECKING:
    from . import openai_turn
else:
    openai_turn = late("modelhub.wrappers.openai_turn")


def gather(raw: Any, message: dict[str, Any]) -> dict[str, Any]:
    """What of an answer ``message`` lacks."""
    return openai_turn.gather(raw, message)


def restore(message: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """``message`` as the vendor wants it back, with what it ``told``."""
    return openai_turn.restore(message, told)


DIALECT = Dialect("openai", gather, restore)
