"""From when on calls are reported: some time ago, or a date."""

from __future__ import annotations

from datetime import datetime, timedelta

from modelhub.patterns import expression

Since = str | datetime | timedelta | None

_AGO = expression(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_since(since: Since, now: float) -> float:
    """The time that ``since`` is at ``now``, both in seconds since 1970; raises ValueError for what is none."""
    if since is None:
        return 0.0
    if isinstance(since, timedelta):
        return now - since.total_seconds()
    if isinstance(since, datetime):
        return since.timestamp()
    text = since.strip()
    ago = _AGO.fullmatch(text.lower())
    try:
        if ago is not None:
            return now - float(ago[1]) * _SECONDS[ago[2]]
        return datetime.fromisoformat(text).timestamp()  # without an offset, in the time zone of this machine
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"{since!r} is no time: write how long ago (7d, 24h, 30m), or a date (2026-01-31, 2026-01-31T12:00)"
        ) from None
