"""The reply to a request: a whole body or a stream of events, and how the connection ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

Json = dict[str, Any]
Ending = Literal["whole", "cut", "hang", "reset", "close"]


@dataclass(frozen=True, slots=True)
class Stream:
    """The events of a streamed reply; ``torn`` is a part of an event that is sent before the connection is cut."""

    opening: tuple[bytes, ...] = ()
    deltas: tuple[bytes, ...] = ()
    closing: tuple[bytes, ...] = ()
    torn: bytes = b""

    @property
    def events(self) -> tuple[bytes, ...]:
        """All whole events in order."""
        return self.opening + self.deltas + self.closing

    def start(self, count: int) -> Stream:
        """The stream up to so many of its deltas, and the first half of the event after them."""
        deltas = self.deltas[:count]
        later = self.deltas[count:] + self.closing
        return Stream(self.opening, deltas, torn=later[0][: len(later[0]) // 2] if later else b"")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, not yet sent; if it has a ``stream``, its ``body`` is not used.

    ``tokens`` are those of its prompt and its answer. ``pauses`` has the seconds to wait before an event of the stream,
    by the number of the event, from 0; None is until the client goes away. For a whole body, 0 is the time before it,
    and any other number the time in the middle of it. ``chunk_delay`` wins over the server's.
    """

    status: int = 200
    body: bytes = b""
    stream: Stream | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    ending: Ending = "whole"
    delay: float = 0.0
    chunk_delay: float | None = None
    pauses: Mapping[int, float | None] = field(default_factory=dict)
    tokens: int = 0


class Failure(Exception):
    """A request that a vendor would refuse; each wire format has its own form of the error ``name``.

    ``wait`` is after how many seconds it may come again, where that is known.
    """

    def __init__(self, status: int, name: str, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message
        self.wait = wait


def build_json(value: object, status: int = 200, *, tokens: int = 0) -> Reply:
    """Make a whole JSON reply."""
    return Reply(status, orjson.dumps(value), tokens=tokens)
