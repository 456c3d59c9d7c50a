"""One recorded call of a vendor's SDK, as the call of modelhub that means the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Case:
    """What to build and how to call it."""

    model_type: str
    config: dict[str, Any]
    args: list[Any]
    options: dict[str, Any] = field(default_factory=dict)
    stream: bool = False
