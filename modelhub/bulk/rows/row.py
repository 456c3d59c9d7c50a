"""One row of an input."""

from __future__ import annotations

from typing import Any, NamedTuple

from modelhub.errors import ModelHubError


class RowError(ModelHubError):
    """A row that cannot be read, or that no request can be made of; it costs only itself."""


class Row(NamedTuple):
    """A row and its place: the file, and the line that it begins at, from 1; in Parquet and Arrow, its number.

    One that cannot be read has an ``error``, and in ``data`` nothing.
    """

    source: str
    line: int
    data: dict[str, Any]
    error: str | None = None
