"""Requests as a server sees them: one that arrived, and one that would have been sent."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from multidict import CIMultiDict

from modelhub.testing.bodies import read_json
from modelhub.wire import Request

Query = Mapping[str, str | list[str]]


class Sent(Protocol):
    """A request that a server got."""

    @property
    def method(self) -> str:
        """Its method."""
        ...

    @property
    def path(self) -> str:
        """The path of its address."""
        ...

    @property
    def query(self) -> Query:
        """The query of its address; of a name that stands there more than once, a list."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers; they ignore case."""
        ...

    @property
    def json(self) -> Any:
        """Its body, if that is JSON."""
        ...

    @property
    def bytes(self) -> builtins.bytes:
        """Its body."""
        ...


@dataclass(frozen=True, slots=True)
class PlayedRequest:
    """A request that arrived, with the number of its connection; ``headers`` ignores case."""

    method: str
    path: str
    query: Query
    headers: Mapping[str, str] = field(repr=False)
    bytes: builtins.bytes = field(repr=False)
    connection: int = 0

    @property
    def json(self) -> Any:
        """The decoded body; None if it is not JSON."""
        return read_json(self.headers, self.bytes)


class SentRequest:
    """A request that was sent, as it would arrive."""

    def __init__(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.method = request.method
        self.path = parts.path
        self.query: Query = read_query(parts.query)
        self.headers: Mapping[str, str] = CIMultiDict(request.headers)
        self.bytes = request.body or b""

    @property
    def json(self) -> Any:
        """The decoded body; None if it is not JSON."""
        return read_json(self.headers, self.bytes)


def read_query(text: str) -> Query:
    """The names and values of a query; of a name that stands there more than once, a list of its values."""
    found: dict[str, str | list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        before = found.get(name)
        if before is None:
            found[name] = value
        else:
            found[name] = [*(before if isinstance(before, list) else [before]), value]
    return found
