"""One thing wrong with one config, before it is placed in its file."""

from __future__ import annotations

from typing import Literal

from modelhub.records import Record

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]


class Finding(Record):
    """What is wrong at ``path`` of a config; if ``key`` is true, the key itself is wrong, not its value.

    ``wanted`` are the JSON types that were expected: who knows how the file spells the value words the hint from them.
    If there are ``choices``, only a spelling that is one of them is of use. ``column`` is that of a character of the
    value, the first being 1, where it is that character that is wrong.
    """

    code: str
    message: str
    path: Path = ()
    key: bool = False
    hint: str | None = None
    severity: Severity = "error"
    wanted: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    column: int | None = None
