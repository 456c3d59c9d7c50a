"""The settings of a mock server."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelhub.errors import ModelHubError
from modelhub.server.mock.faults import parse_fault
from modelhub.server.mock.scenario.shape import ALL_WELL, Batching, Scenario


@dataclass(frozen=True)
class MockSettings:
    """How the server behaves.

    ``faults`` are used one for each request ("429", "hang", "429;retry-after-ms=50", ...); after the last one, every
    request is answered. ``latency`` and ``chunk_delay`` are the seconds before a reply and between the events of a
    stream. ``chunk_bytes`` cuts streams into pieces of that size, also inside events. ``retry_after`` is the header of
    replies with 429 and 503 ("" for no header). With ``api_key``, requests must have this key. ``scenario`` is a file
    or a mapping that says what happens to which requests, and when; ``faults`` come before it.

    A batch is done when it was looked at ``batch_polls`` times, or, if that is given, ``batch_seconds`` after it was
    handed in. With ``batch_expires``, it expires when that share of its requests is done, from 0 to 1. What is None is
    as the scenario has it.

    Raises ModelHubError for a fault that does not exist, a number out of range, or a wrong scenario.
    """

    seed: int = 0
    latency: float = 0.0
    chunk_delay: float = 0.0
    chunk_bytes: int | None = None
    faults: Sequence[str] = ()
    retry_after: str = "1"
    api_key: str | None = field(default=None, repr=False)
    scenario: Scenario | Mapping[str, Any] | str | os.PathLike[str] = ALL_WELL
    batch_polls: int | None = None
    batch_seconds: float | None = None
    batch_expires: float | None = None

    def __post_init__(self) -> None:
        for fault in self.faults:
            parse_fault(fault)
        if self.latency < 0 or self.chunk_delay < 0:
            raise ModelHubError("latency and chunk_delay are seconds and cannot be negative")
        if self.chunk_bytes is not None and self.chunk_bytes < 1:
            raise ModelHubError("chunk_bytes must be 1 or more")
        if self.batch_polls is not None and self.batch_polls < 1:
            raise ModelHubError("batch_polls must be 1 or more")
        if self.batch_seconds is not None and self.batch_seconds < 0:
            raise ModelHubError("batch_seconds are seconds and cannot be negative")
        if self.batch_expires is not None and not 0 <= self.batch_expires <= 1:
            raise ModelHubError("batch_expires is the share of a batch that is done when it expires, from 0 to 1")
        object.__setattr__(self, "scenario", self.read_scenario())

    def read_scenario(self) -> Scenario:
        """The scenario, from wherever it is."""
        if isinstance(self.scenario, Scenario):
            return self.scenario
        # It brings what checks configs, which most servers do without.
        from modelhub.server.mock.scenario.reading import read_scenario

        return read_scenario(self.scenario)

    def read_batching(self) -> Batching:
        """How batches go on."""
        base = self.read_scenario().batches
        return Batching(
            base.polls if self.batch_polls is None else self.batch_polls,
            base.seconds if self.batch_seconds is None else self.batch_seconds,
            base.expires if self.batch_expires is None else self.batch_expires,
        )
