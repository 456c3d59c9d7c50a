"""One thing wrong with one config, before it is placed in its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Path = tuple[str | int, ...]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at ``path`` of a config; if ``key`` is true, the key itself is wrong, not its value."""

    code: str
    message: str
    path: Path = ()
    key: bool = False
    hint: str | None = None
    severity: Severity = "error"
