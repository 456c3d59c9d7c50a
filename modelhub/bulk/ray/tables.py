"""The batches of Ray Data, in each of its formats: their rows, and columns of answers beside theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelhub.bulk.answers import COLUMNS, Answer
from modelhub.wire.exact import write_json


def read_rows(batch: Any) -> Iterable[Mapping[str, Any]]:
    """The rows of ``batch``, a mapping of arrays, a table of PyArrow or a frame of pandas, as plain values."""
    if hasattr(batch, "to_pylist"):
        rows: list[dict[str, Any]] = batch.to_pylist()
        return rows
    if hasattr(batch, "to_dict"):
        return _read_columns({name: batch[name].tolist() for name in batch})
    return _read_columns({name: _plain(values) for name, values in batch.items()})


def add_columns(batch: Any, answers: Sequence[Answer]) -> Any:
    """``batch`` with the columns of ``answers``, in its own format; columns of the same names are replaced."""
    rows = [answer.columns() for answer in answers]
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    if hasattr(batch, "to_pylist"):
        import pyarrow

        return pyarrow.table(
            {name: batch.column(name) for name in batch.column_names if name not in columns}
            | {name: _build_array(values) for name, values in columns.items()}
        )
    if hasattr(batch, "to_dict"):
        import pandas

        return batch.assign(
            **{name: pandas.Series(values, batch.index, dtype=object) for name, values in columns.items()}
        )
    return {**batch, **columns}


def _read_columns(columns: Mapping[str, Sequence[Any]]) -> Iterable[Mapping[str, Any]]:
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def _plain(values: Any) -> Sequence[Any]:
    """An array of NumPy as a list of Python's own values, also those inside of arrays of objects."""
    return [each.tolist() if hasattr(each, "tolist") else each for each in values.tolist()]


def _build_array(values: list[Any]) -> Any:
    """A column of PyArrow; values that have no type in common are written as JSON."""
    import pyarrow

    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        return pyarrow.array([None if value is None else write_json(value).decode() for value in values])
