"""Prompts with the columns of a row in them: ``Translate {text} into {language}``; ``{{`` is a brace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelhub.bulk.rows.row import RowError
from modelhub.errors import ModelHubError
from modelhub.wire.exact import write_json

_PIECE = re.compile(r"(?P<text>[^{}]+)|(?P<brace>\{\{|\}\})|\{(?P<name>[^{}]+)\}|(?P<alone>.)", re.DOTALL)


class Template:
    """A prompt whose ``names`` are columns; all between two braces is the name of one."""

    def __init__(self, text: str) -> None:
        """Raises ModelHubError for a brace that has no partner."""
        self._pieces: list[tuple[str, bool]] = []  # a text, or the name of a column
        for match in _PIECE.finditer(text):
            if match["alone"]:
                brace = match["alone"]
                raise ModelHubError(
                    f"the prompt has a {brace} at character {match.start() + 1} that belongs to no column: write"
                    f" {brace * 2} for a brace, and {{column}} for the value of a column"
                )
            name = match["name"]
            self._pieces.append((name, True) if name else ((match["text"] or match["brace"][0]), False))
        self.names = tuple(dict.fromkeys(text for text, is_name in self._pieces if is_name))

    def fill(self, row: Mapping[str, Any]) -> str:
        """The prompt for ``row``; raises RowError for a column that it lacks, or that is null."""
        return "".join([read_text(row, piece) if is_name else piece for piece, is_name in self._pieces])


def read_text(row: Mapping[str, Any], name: str) -> str:
    """The value of a column as text: texts as they are, all else as JSON. Raises RowError where there is none."""
    value = row.get(name)
    if type(value) is str:
        return value
    if value is None:
        raise RowError(f"column {name!r} is null" if name in row else f"there is no column {name!r}")
    return value if isinstance(value, str) else write_json(value).decode()
