"""Where the requests of a model go."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern


class Endpoint:
    """Where a wrapper's requests go: a URL and headers, worked out once."""

    __slots__ = ("headers", "url")

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = intern(url)  # many models have one address
        self.headers = headers
