"""The headers that all requests have."""

from __future__ import annotations

from collections.abc import Mapping

USER_AGENT = "modelhub"


def merge_headers(headers: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """``headers`` with the usual headers of a JSON request and with ``own`` ones, which win, whatever their case."""
    merged = {
        "Content-Type": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": USER_AGENT,
        **headers,
    }
    for name, value in own.items():
        for other in [other for other in merged if other.lower() == name.lower()]:
            del merged[other]
        merged[name] = value
    return merged
