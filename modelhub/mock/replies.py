"""What a request is answered with: a whole body or a stream of events, and how the connection ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

Json = dict[str, Any]
Ending = Literal["whole", "cut", "stall", "hang", "reset", "close"]


@dataclass(frozen=True, slots=True)
class Stream:
    """The events of a streamed reply; ``torn`` is the part of an event that a cut connection still delivers."""

    opening: tuple[bytes, ...] = ()
    deltas: tuple[bytes, ...] = ()
    closing: tuple[bytes, ...] = ()
    torn: bytes = b""

    @property
    def events(self) -> tuple[bytes, ...]:
        """All whole events in order."""
        return self.opening + self.deltas + self.closing

    def start(self) -> Stream:
        """The stream as far as its second delta, and the first half of what would have followed."""
        deltas = self.deltas[:2]
        later = self.deltas[2:] + self.closing
        return Stream(self.opening, deltas, torn=later[0][: len(later[0]) // 2] if later else b"")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, not yet sent; ``stream`` wins over ``body``."""

    status: int = 200
    body: bytes = b""
    stream: Stream | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    ending: Ending = "whole"
    delay: float = 0.0


class Failure(Exception):
    """A request that a vendor would refuse; every format words ``name`` in its own error shape."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message


def build_json(value: object, status: int = 200) -> Reply:
    """Make a whole JSON reply."""
    return Reply(status, orjson.dumps(value))
