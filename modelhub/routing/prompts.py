"""The prompts of a chain: text with places that are filled in with what was asked and answered before."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLACE = re.compile(r"\{(?:input|previous|steps\.(0|[1-9][0-9]*))\}", re.ASCII)


def fill_in(text: str, asked: str, answers: Sequence[str]) -> str:
    """``text`` with ``{input}``, ``{previous}`` and ``{steps.N}`` filled in; what is filled in is not looked at.

    All other braces stay as they are, and so does a step that has not answered yet.
    """

    def find(place: re.Match[str]) -> str:
        if place[1] is not None:
            number = int(place[1])
            return answers[number] if number < len(answers) else place[0]
        if place[0] == "{input}":
            return asked
        return answers[-1] if answers else place[0]

    return _PLACE.sub(find, text)
