"""Rows of JSON Lines: an object a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from modelhub.bulk.rows.row import Row
from modelhub.wire.exact import read_json

LONGEST = 64 << 20  # bytes of a line; a longer one is not read
_BOM = b"\xef\xbb\xbf"
_FIRST = 20  # rows that are looked at for their columns


def read_rows(path: Path, name: str) -> Iterator[Row]:
    """The rows of a file, which messages call ``name``; raises OSError."""
    with path.open("rb") as file:
        yield from read_lines(file, name)


def read_lines(file: BinaryIO, name: str) -> Iterator[Row]:
    """The rows of an open file; empty lines are none, but count."""
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST)
            yield Row(name, number, {}, f"the line is longer than {LONGEST:,} bytes")
            continue
        if number == 1:
            line = line.removeprefix(_BOM)
        try:
            data = read_json(line)
        except ValueError as error:
            if line.strip():
                yield Row(name, number, {}, f"this is not JSON: {error}")
            continue
        yield Row(name, number, data) if type(data) is dict else Row(name, number, {}, _describe(data))


def find_columns(path: Path) -> list[str] | None:
    """The columns of the first rows; None where there is no row."""
    columns: dict[str, None] = {}
    found = False
    for count, row in enumerate(read_rows(path, "")):
        if count == _FIRST:
            break
        found = found or row.error is None
        columns.update(dict.fromkeys(row.data))
    return list(columns) if found else None


def _describe(data: Any) -> str:
    return f"this is a {type(data).__name__}, not an object with columns"
