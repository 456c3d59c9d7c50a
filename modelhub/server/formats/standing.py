"""How a client stands with a server's rate limits; each vendor has headers of its own for it, or none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meter:
    """One limit: what a minute allows, what is left of it, and the seconds until all is there again."""

    limit: float
    left: float
    full_in: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of the requests and tokens of a minute; None is no limit.

    ``at`` is when it is so, in seconds since 1970.
    """

    requests: Meter | None = None
    tokens: Meter | None = None
    at: float = 0.0


def build_no_headers(standing: Standing) -> dict[str, str]:
    """The headers of a vendor that tells nothing."""
    return {}
