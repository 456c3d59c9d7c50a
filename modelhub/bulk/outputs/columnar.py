"""Writes Parquet and Arrow files, by pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from modelhub.bulk.outputs.kinds import Kinds, write_text
from modelhub.bulk.rows.columnar import import_arrow
from modelhub.errors import ModelHubError
from modelhub.response.usage import COUNTS

_BATCH = 1000  # rows that are written at once


class ColumnarWriter:
    """Writes the columns ``names``: those of the input as it has them, ``usage`` as a struct, ``parsed`` as JSON."""

    def __init__(self, file: BinaryIO, names: Sequence[str], kinds: Kinds, is_parquet: bool) -> None:
        self._arrow = arrow = import_arrow()
        answers = {
            "response": arrow.list_(arrow.float64()) if kinds.embed else arrow.string(),
            "parsed": arrow.string(),
            "usage": arrow.struct([(name, arrow.int64()) for name in COUNTS]),
            "cost": arrow.float64(),
            "model": arrow.string(),
            "error": arrow.string(),
        }
        types = {"bool": arrow.bool_(), "int": arrow.int64(), "float": arrow.float64()}
        known = {field.name: field.type for field in kinds.schema or ()}
        fields = [
            (name, answers.get(name) or known.get(name) or types.get(kinds.kinds.get(name) or "", arrow.string()))
            for name in names
        ]
        self._schema = arrow.schema(fields)
        self._texts = {field.name for field in self._schema if field.type == arrow.string()}
        if is_parquet:
            self._writer = import_arrow(".parquet").ParquetWriter(file, self._schema)
        else:
            self._writer = import_arrow(".ipc").new_file(file, self._schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, row: Mapping[str, Any]) -> None:
        """Write a row."""
        self._rows.append({name: self._fit(name, row.get(name)) for name in self._schema.names})
        if len(self._rows) == _BATCH:
            self._flush()

    def _fit(self, name: str, value: Any) -> Any:
        return write_text(value) if value is not None and name in self._texts else value

    def _flush(self) -> None:
        try:
            batch = self._arrow.RecordBatch.from_pylist(self._rows, self._schema)
        except self._arrow.ArrowException as error:
            raise ModelHubError(f"the output cannot be written: {error}") from None
        self._writer.write_batch(batch)
        self._rows.clear()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._rows:
            self._flush()
        self._writer.close()
