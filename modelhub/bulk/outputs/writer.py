"""Who writes the rows of an output in one of its formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from modelhub.bulk.answers import COLUMNS
from modelhub.bulk.outputs.kinds import Kinds
from modelhub.bulk.outputs.whole import whole
from modelhub.wire.exact import write_json

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow", ".feather")


class Writer(Protocol):
    """Writes rows, each as its columns."""

    def write(self, row: Mapping[str, Any]) -> None:
        """Write a row; raises OSError."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class JSONLinesWriter:
    """Writes an object a line: all columns, or those of ``select``."""

    def __init__(self, file: BinaryIO, select: tuple[str, ...] = ()) -> None:
        self._file = file
        self._select = select

    def write(self, row: Mapping[str, Any]) -> None:
        """Write a row."""
        chosen = {name: row.get(name) for name in self._select} if self._select else row
        self._file.write(write_json(chosen) + b"\n")

    def close(self) -> None:
        """Nothing is left."""


@contextmanager
def open_output(path: Path, kinds: Kinds | None, select: tuple[str, ...] = ()) -> Iterator[Writer]:
    """The writer for ``path`` by its suffix, which takes its place at the end; raises OSError.

    ``kinds`` are those of all columns, which a format with a header needs; ``select`` are the columns that are written.
    """
    with whole(path) as file:
        writer = _build_writer(file, path.suffix.lower(), kinds, select)
        yield writer
        writer.close()


def needs_kinds(path: Path) -> bool:
    """Whether the columns must be known before the first row is written."""
    return path.suffix.lower() not in (".jsonl", ".ndjson")


def _build_writer(file: BinaryIO, suffix: str, kinds: Kinds | None, select: tuple[str, ...]) -> Writer:
    if kinds is None:
        return JSONLinesWriter(file, select)
    names = select or (*(name for name in kinds.kinds if name not in COLUMNS), *COLUMNS)
    if suffix in (".csv", ".tsv"):
        from modelhub.bulk.outputs.csv_table import CSVWriter

        return CSVWriter(file, names, "\t" if suffix == ".tsv" else ",")
    from modelhub.bulk.outputs.columnar import ColumnarWriter

    return ColumnarWriter(file, names, kinds, suffix == ".parquet")
