"""What a chat is asked, in the neutral form, and as the model takes it back that gave the answers in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelhub.late import late
from modelhub.media.load import load_media
from modelhub.messages.normalize import normalize_messages

if TYPE_CHECKING:
    import modelhub.messages.turns as past
else:
    past = late("modelhub.messages.turns")


def read_turns(model: Any, messages: Any) -> list[dict[str, Any]]:
    """``messages`` for ``model``, with local media as data; raises BadRequestError for anything else."""
    turns = load_media(normalize_messages(messages, model.own_parts), model.find_media, model.load_own_part)
    if any(turn["role"] == "assistant" for turn in turns):
        if model.fitting is not None and model.fitting.names is not None:
            from modelhub.fitting.names import fit_turns  # not every chat has answers in it

            turns = fit_turns(turns, model.fitting.names, model.fitting.length)
        origin = model.find_origin() if any(past.RECEIVED in turn for turn in turns) else None
        turns = past.restore_turns(turns, origin and origin.name, model.answer_dialect and model.answer_dialect.restore)
    return turns
