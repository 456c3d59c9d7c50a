"""How long a server asks to wait before the next try: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from modelhub.patterns import expression

_NUMBER = expression(r"\s*([0-9]+(?:\.[0-9]*)?)\s*(?:,.*)?", re.ASCII)  # a proxy may join two fields to one


def parse_retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The seconds to wait that a server asks for: ``retry-after-ms``, or ``Retry-After`` as seconds or an HTTP date.

    A date counts from the reply's own ``Date``, so that it does not matter what this computer takes the time to be;
    without that, from ``now``. What is no time to come is None.
    """
    milliseconds = _parse_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after") or headers.get("llm_provider-retry-after")  # as LiteLLM's proxy passes it on
    seconds = _parse_number(value)
    if seconds is not None or not value:
        return seconds
    until = _parse_date(value)
    if until is None:
        return None
    since = _parse_date(headers.get("date"))
    if since is None:
        since = time.time() if now is None else now
    return until - since if until > since else None


def _parse_number(value: str | None) -> float | None:
    found = _NUMBER.fullmatch(value) if value else None
    if found is None:
        return None
    number = float(found[1])
    return number if number < float("inf") else None


def _parse_date(value: str | None) -> float | None:
    """The time of an HTTP date in seconds; a date without a zone is of UTC, as all of them are."""
    if not value:
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
