"""One thing wrong with one config, before it is placed in its file."""

from __future__ import annotations

from typing import Literal, NamedTuple

Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong at ``path`` below the config; ``key`` says that the key itself is meant, not its value."""

    code: str
    message: str
    path: Path = ()
    key: bool = False
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"
