"""Rows of CSV, and of TSV: all values are texts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from modelhub.bulk.rows.json_lines import LONGEST
from modelhub.bulk.rows.row import Row
from modelhub.errors import ModelHubError


def read_rows(path: Path, name: str) -> Iterator[Row]:
    """The rows of a file, which messages call ``name``; raises OSError, and ModelHubError for a header that is none."""
    with _open(path) as file:
        reader = _build_reader(file, path)
        header = _read_header(reader, name)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield Row(name, line, {}, f"this is not CSV: {error}")
                continue
            if cells is None:
                return
            if cells:
                yield _build_row(name, line, header, cells)


def find_columns(path: Path, name: str) -> list[str] | None:
    """The columns that the header names; None for an empty file."""
    with _open(path) as file:
        return _read_header(_build_reader(file, path), name) or None


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _build_reader(file: TextIO, path: Path) -> Any:
    csv.field_size_limit(LONGEST)
    return csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")


def _read_header(reader: Any, name: str) -> list[str]:
    header: list[str] = next(filter(None, reader), [])
    twice = next((column for n, column in enumerate(header) if column in header[:n]), None)
    if twice is not None:
        raise ModelHubError(f"{name}: two columns are called {twice!r}: give one of them another name")
    if (bad := _find_undecoded(header)) is not None:
        raise ModelHubError(f"{name}: column {bad + 1} has a name that is not UTF-8; save the file in that encoding")
    return header


def _build_row(name: str, line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        return Row(name, line, {}, f"it has {len(cells)} cells, and the header has {len(header)}")
    if (bad := _find_undecoded(cells)) is not None:
        return Row(name, line, {}, f"column {header[bad]!r} is not UTF-8; save the file in that encoding")
    return Row(name, line, dict(zip(header, cells, strict=True)))


def _find_undecoded(cells: list[str]) -> int | None:
    """The first of ``cells`` that has a byte which is not UTF-8."""
    for n, cell in enumerate(cells):
        if not cell.isascii() and any("\udc80" <= char <= "\udcff" for char in cell):
            return n
    return None
