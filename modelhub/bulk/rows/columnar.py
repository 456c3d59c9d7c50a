"""Rows of Parquet and Arrow files, which pyarrow reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from modelhub.bulk.rows.row import Row
from modelhub.errors import ModelHubError

_BATCH = 1000  # rows that are read at once


def read_rows(path: Path, name: str) -> Iterator[Row]:
    """The rows of a file, which messages call ``name``; raises ModelHubError for one that cannot be read."""
    number = 0
    with _told(name):
        for batch in _read_batches(path):
            for data in batch.to_pylist():
                number += 1
                yield Row(name, number, data)


def find_schema(path: Path, name: str) -> Any:
    """The pyarrow.Schema of a file."""
    with _told(name), _open(path) as file:
        schema = file.schema_arrow if _is_parquet(path) else file.schema
        twice = next((column for n, column in enumerate(schema.names) if column in schema.names[:n]), None)
        if twice is not None:
            raise ModelHubError(f"{name}: two columns are called {twice!r}: give one of them another name")
        return schema


def count_rows(path: Path, name: str) -> int:
    """How many rows a file has."""
    with _told(name), _open(path) as file:
        if _is_parquet(path):
            return int(file.metadata.num_rows)
        return sum(file.get_batch(number).num_rows for number in range(file.num_record_batches))


def import_arrow(part: str = "") -> Any:
    """The module pyarrow, or a ``part`` of it such as ".parquet"; raises ModelHubError if it is not installed."""
    try:
        return import_module(f"pyarrow{part}")
    except ImportError:
        raise ModelHubError("Parquet and Arrow files need pyarrow: pip install pyarrow") from None


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    if _is_parquet(path):
        with import_arrow(".parquet").ParquetFile(path, memory_map=True, pre_buffer=False) as file:
            yield file
    else:
        with import_arrow().memory_map(str(path)) as mapped, import_arrow(".ipc").open_file(mapped) as file:
            yield file


def _read_batches(path: Path) -> Iterator[Any]:
    with _open(path) as file:
        if _is_parquet(path):
            yield from file.iter_batches(_BATCH)
            return
        for number in range(file.num_record_batches):
            batch = file.get_batch(number)
            yield from (batch.slice(start, _BATCH) for start in range(0, batch.num_rows, _BATCH))


@contextmanager
def _told(name: str) -> Iterator[None]:
    pyarrow = import_arrow()
    try:
        yield
    except pyarrow.ArrowException as error:
        raise ModelHubError(f"{name} cannot be read: {error}") from None
