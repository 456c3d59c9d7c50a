"""Where the requests of a model go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode


class Endpoint:
    """Where a wrapper's requests go: a URL and headers, worked out once."""

    __slots__ = ("headers", "url")

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url
        self.headers = headers


def add_query(url: str, query: Mapping[str, Any] | None) -> str:
    """``url`` with the parameters of ``query`` appended."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query, doseq=True)}" if query else url
