"""Writes CSV, and TSV: what is nested is JSON, null is an empty cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from modelhub.bulk.outputs.kinds import write_text


class CSVWriter:
    """Writes the columns ``names`` under a header."""

    def __init__(self, file: BinaryIO, names: Sequence[str], delimiter: str) -> None:
        self._names = names
        self._text = io.TextIOWrapper(file, "utf-8", "replace", newline="", write_through=True)
        self._writer = csv.writer(self._text, delimiter=delimiter, lineterminator="\n")
        self._writer.writerow(names)

    def write(self, row: Mapping[str, Any]) -> None:
        """Write a row."""
        values = map(row.get, self._names)
        self._writer.writerow(["" if value is None else write_text(value) for value in values])

    def close(self) -> None:
        """Hand on what is left; the file stays open."""
        self._text.detach()
