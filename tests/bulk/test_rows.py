"""Rows as files have them: each file of rows/ stands beside what is read from it, a row or what is wrong with one."""

from __future__ import annotations

import datetime
import decimal
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from modelhub.bulk.outputs.kinds import write_text
from modelhub.bulk.rows import json_lines
from modelhub.bulk.rows.sources import Input, Source, find_sources
from modelhub.errors import ModelHubError

from ..paths import ROOT

CASES = sorted((ROOT / "tests" / "bulk" / "rows").glob("*.expected.json"))


def read(path: Path) -> list[Any]:
    return [[row.line, row.data if row.error is None else row.error] for row in Source(path)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".expected.json"))
def test_a_file_of_rows(case: Path) -> None:
    path = case.with_name(case.name.removesuffix(".expected.json"))
    expected = json.loads(case.read_text("utf-8"))
    if isinstance(expected, str):
        with pytest.raises(ModelHubError, match=expected):
            read(path)
        return
    rows = read(path)
    for row, wanted in zip(rows, expected, strict=True):
        if isinstance(wanted[1], str):
            assert (row[0], row[1].startswith(wanted[1])) == (wanted[0], True), row
        else:
            assert row == wanted


def test_a_line_that_is_too_long_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "LONGEST", 100)
    (tmp_path / "a.jsonl").write_text('{"text":"' + "x" * 500 + '"}\n{"text":"b"}\n')
    assert read(tmp_path / "a.jsonl") == [[1, "the line is longer than 100 bytes"], [2, {"text": "b"}]]


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_columnar_files(tmp_path: Path, suffix: str) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table(
        {"id": list(range(2500)), "at": [datetime.date(2026, 1, 2)] * 2500, "tags": [["a", None]] * 2500}
    )
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        importlib.import_module("pyarrow.parquet").write_table(table, path)
    else:
        with importlib.import_module("pyarrow.ipc").new_file(path, table.schema) as file:
            file.write_table(table)
    rows = read(path)
    assert rows[0] == [1, {"id": 0, "at": datetime.date(2026, 1, 2), "tags": ["a", None]}]
    assert [row[0] for row in rows] == list(range(1, 2501))
    source = Source(path)
    source.describe()
    assert (source.rows, source.find_columns()) == (2500, ["id", "at", "tags"])
    path.write_bytes(b"no such thing")
    with pytest.raises(ModelHubError, match=f"a{suffix} cannot be read"):
        read(path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (1.5, "1.5"),
        (10**30, str(10**30)),
        (["a", None], '["a",null]'),
        (datetime.datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"),
        (decimal.Decimal("1.10"), "1.10"),
        (b'say "hi"\n', 'say "hi"\n'),
        (b"\xff", "/w=="),
    ],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert write_text(value) == text


def test_what_names_files(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.csv", "in/c.jsonl", "in/notes.txt", "out.partial/done.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    but = [tmp_path / "out.partial"]

    def find(*inputs: str) -> list[str]:
        return [
            str(source.path.relative_to(tmp_path)) for source in find_sources([f"{tmp_path}/{i}" for i in inputs], but)
        ]

    assert find("") == ["a.csv", "b.jsonl", "in/c.jsonl"]
    assert find("*.jsonl", "in/c.jsonl") == ["b.jsonl", "in/c.jsonl"]
    assert find("**/*.jsonl") == ["b.jsonl", "in/c.jsonl"]
    for text, why in {
        "no.jsonl": "there is no",
        "*.parquet": "names no file of rows",
        "out.partial": "names no file",
        "in/notes.txt": "is told by its suffix",
    }.items():
        with pytest.raises(ModelHubError, match=why):
            find(text)


def test_a_rewritten_file_of_the_same_size_is_another(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text":"a"}\n')
    before = Input([Source(path)]).describe()
    path.write_text('{"text":"b"}\n')
    assert Input([Source(path)]).describe() != before


def test_columns(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text":"a"}\n{"id":1}\n')
    (tmp_path / "b.csv").write_text("text,n\n")
    (tmp_path / "c.jsonl").write_text("")
    rows = Input(find_sources([str(tmp_path)]), 1)
    assert rows.find_columns(["text"]) == ["text", "id", "n"]
    with pytest.raises(ModelHubError, match=r"b.csv has no column 'id'; its columns are: text, n"):
        rows.find_columns(["id"])
    rows.describe()
    assert (rows.rows, len(list(rows))) == (1, 1)
