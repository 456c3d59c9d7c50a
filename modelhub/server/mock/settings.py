"""The settings of a mock server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from modelhub.errors import ModelHubError
from modelhub.server.mock.faults import parse_fault


@dataclass(frozen=True)
class MockSettings:
    """How the server behaves.

    ``faults`` are used one for each request ("429", "hang", "429;retry-after-ms=50", ...); after the last one, every
    request is answered. ``latency`` and ``chunk_delay`` are the seconds before a reply and between the events of a
    stream. ``chunk_bytes`` cuts streams into pieces of that size, also inside events. ``retry_after`` is the header of
    replies with 429 and 503 ("" for no header). With ``api_key``, requests must have this key.

    Raises ModelHubError for a fault that does not exist or a number out of range.
    """

    seed: int = 0
    latency: float = 0.0
    chunk_delay: float = 0.0
    chunk_bytes: int | None = None
    faults: Sequence[str] = ()
    retry_after: str = "1"
    api_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for fault in self.faults:
            parse_fault(fault)
        if self.latency < 0 or self.chunk_delay < 0:
            raise ModelHubError("latency and chunk_delay are seconds and cannot be negative")
        if self.chunk_bytes is not None and self.chunk_bytes < 1:
            raise ModelHubError("chunk_bytes must be 1 or more")
