"""Finds the files of an input, and reads them one after the other."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from modelhub.bulk.rows import columnar, csv_table, json_lines
from modelhub.bulk.rows.row import Row
from modelhub.errors import ModelHubError

TEXTS = {".jsonl": json_lines, ".ndjson": json_lines, ".csv": csv_table, ".tsv": csv_table}
SUFFIXES = (*TEXTS, ".parquet", ".arrow", ".feather")
_CHUNK = 1 << 20


class Source:
    """One file of an input; ``name`` is what messages call it."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path = path
        self.name = str(path) if name is None else name
        self.rows = 0  # about how many it has, once it is described

    @property
    def is_columnar(self) -> bool:
        """Whether pyarrow reads it."""
        return self.path.suffix.lower() not in TEXTS

    def __iter__(self) -> Iterator[Row]:
        read: Callable[[Path, str], Iterator[Row]] = TEXTS.get(self.path.suffix.lower(), columnar).read_rows
        return read(self.path, self.name)

    def find_columns(self) -> list[str] | None:
        """The columns that its rows have; of JSON Lines, those of its first rows. None where there are no rows."""
        suffix = self.path.suffix.lower()
        if self.is_columnar:
            return list(columnar.find_schema(self.path, self.name).names)
        return (
            json_lines.find_columns(self.path)
            if TEXTS[suffix] is json_lines
            else csv_table.find_columns(self.path, self.name)
        )

    def describe(self) -> str:
        """Its size and the digest of its content, by which another content is noticed; all of it is read."""
        digest, size, lines = blake2b(digest_size=16), 0, 0
        with self.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                lines += chunk.count(b"\n")
        is_table = TEXTS.get(self.path.suffix.lower()) is csv_table
        self.rows = columnar.count_rows(self.path, self.name) if self.is_columnar else max(lines - is_table, 0)
        return f"{size:,} bytes, {digest.hexdigest()}"


class Input:
    """The files of a job, of which the first ``limit`` rows count; None is all."""

    def __init__(self, sources: Sequence[Source], limit: int | None = None) -> None:
        self.sources = sources
        self.limit = limit

    def __iter__(self) -> Iterator[Row]:
        rows = (row for source in self.sources for row in source)
        return rows if self.limit is None else islice(rows, self.limit)

    def describe(self) -> dict[str, Any]:
        """What tells its content from others, file by file."""
        return {source.name: source.describe() for source in self.sources}

    @property
    def rows(self) -> int:
        """About how many rows it has, once it is described."""
        rows = sum(source.rows for source in self.sources)
        return rows if self.limit is None else min(rows, self.limit)

    def find_columns(self, needed: Sequence[str] = ()) -> list[str]:
        """The columns of all its files; raises ModelHubError, which names the file, for one that lacks a ``needed``."""
        columns: dict[str, None] = {}
        for source in self.sources:
            found = source.find_columns()
            if found is None:
                continue
            for name in needed:
                if name not in found:
                    raise ModelHubError(f"{source.name} has no column {name!r}; its columns are: {', '.join(found)}")
            columns.update(dict.fromkeys(found))
        return list(columns)


def find_sources(inputs: Sequence[str], but: Sequence[Path] = ()) -> list[Source]:
    """The files that paths, folders and patterns name, those of one folder or pattern sorted.

    What lies in ``but`` is none of a folder or a pattern. Raises ModelHubError for what names no file that can be read.
    """
    sources: list[Source] = []
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            found = [each for each in sorted(path.rglob("*")) if each.suffix.lower() in SUFFIXES]
        elif not path.exists() and glob.has_magic(text):
            found = [Path(each) for each in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207
        else:
            sources.append(_check(path))
            continue
        kept = [each for each in found if each.is_file() and not _is_in(each, but)]
        if not kept:
            raise ModelHubError(f"{text} names no file of rows: {', '.join(SUFFIXES)}")
        sources += map(_check, kept)
    return sources


def _is_in(path: Path, folders: Sequence[Path]) -> bool:
    whole = path.resolve()
    return any(whole.is_relative_to(folder.resolve()) for folder in folders)


def _check(path: Path) -> Source:
    if not path.exists():
        raise ModelHubError(f"there is no {path}")
    if path.suffix.lower() not in SUFFIXES:
        raise ModelHubError(f"what {path} holds is told by its suffix, one of {', '.join(SUFFIXES)}")
    return Source(path)
