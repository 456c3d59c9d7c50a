"""The batch command on a mock server: what it writes, what it asks again, and what it refuses."""

from __future__ import annotations

import csv
import importlib
import json
import os
from pathlib import Path

import pytest

from modelhub.testing import MockServer

from .conftest import Batch, read_rows, write_rows

ANSWERS = ["response", "parsed", "usage", "cost", "model", "error"]
ROWS = [{"id": n, "text": f"word {n % 4}"} for n in range(6)]


def test_rows_come_in_order_and_equal_requests_are_asked_once(folder: Path, batch: Batch, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", ROWS)
    done = batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl")
    assert done.exit_code == 0, done.stderr
    rows = read_rows(folder / "out.jsonl")
    assert [row["id"] for row in rows] == list(range(6))
    assert list(rows[0]) == ["id", "text", *ANSWERS]
    assert (rows[0]["model"], rows[0]["error"], rows[0]["parsed"]) == ("gpt", None, None)
    assert rows[0]["response"] == rows[4]["response"] != rows[1]["response"]
    usage = rows[0]["usage"]
    assert rows[0]["cost"] == pytest.approx((usage["prompt_tokens"] + 2 * usage["completion_tokens"]) / 1_000_000)
    assert len(server.requests) == 4
    assert sorted(os.listdir(folder)) == ["in.jsonl", "models.yaml", "out.jsonl"]
    assert "rows      6\nanswered  6\nrequests  4 now" in done.stderr


def test_a_composite_is_paid_for_by_its_parts(folder: Path, batch: Batch) -> None:
    write_rows(folder / "in.jsonl", ROWS[:1])
    assert batch("in.jsonl", "-m", "front", "-o", "out.jsonl").exit_code == 0
    assert batch("in.jsonl", "-m", "gpt", "-o", "again.jsonl").exit_code == 0
    assert read_rows(folder / "out.jsonl") == read_rows(folder / "again.jsonl")


def test_failed_rows_keep_their_places_and_are_tried_again(folder: Path, batch: Batch, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", [ROWS[0], "{nonsense", ROWS[1], {"id": 7}, ROWS[2]])
    server.script("429", "ok", "500")
    one = "--concurrency", "1"
    done = batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl", *one)
    assert done.exit_code == 1
    told = [(row.get("id"), row["error"], row["response"] is None) for row in read_rows(folder / "out.jsonl")]
    assert told == [
        (0, "RateLimitError", True),
        (None, "RowError", True),
        (1, None, False),
        (7, "RowError", True),
        (2, "ServerError", True),
    ]
    errors = read_rows(folder / "out.errors.jsonl")
    assert [(row["line"], row["row"], row["error"]) for row in errors] == [
        (1, ROWS[0], "RateLimitError"),
        (2, None, "RowError"),
        (4, {"id": 7}, "RowError"),
        (5, ROWS[2], "ServerError"),
    ]
    assert errors[1]["message"].startswith("in.jsonl:2: this is not JSON")
    assert errors[2]["message"] == "in.jsonl:4: there is no column 'text'"
    assert "failed    4: 1 RateLimitError, 2 RowError, 1 ServerError" in done.stderr
    assert "the same command tries 2 rows again" in done.stderr
    assert len(server.requests) == 3

    again = batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl", "--resume", *one)
    assert (again.exit_code, len(server.requests)) == (1, 5)
    assert [row["error"] for row in read_rows(folder / "out.jsonl")] == [None, "RowError", None, "RowError", None]
    assert [row["line"] for row in read_rows(folder / "out.errors.jsonl")] == [2, 4]
    assert not (folder / "out.partial").exists()  # nothing is left to be tried again


def test_a_job_without_failures_leaves_no_errors(folder: Path, batch: Batch, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", ROWS)
    server.script("500")
    line = "in.jsonl", "-m", "gpt", "-o", "out.jsonl", "--errors", "wrong.jsonl"
    assert (batch(*line).exit_code, (folder / "wrong.jsonl").exists()) == (1, True)
    assert batch(*line).exit_code == 0
    assert sorted(os.listdir(folder)) == ["in.jsonl", "models.yaml", "out.jsonl"]


def test_another_job_under_the_same_output_is_refused(folder: Path, batch: Batch, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", ROWS)
    server.script("500")
    assert batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl").exit_code == 1
    before = (folder / "out.jsonl").read_bytes()
    asked = len(server.requests)
    other = batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl", "--prompt", "{text}!")
    assert other.exit_code == 2
    assert 'its prompt prompt was nothing, and is now "{text}!"' in other.stderr
    other = batch("in.jsonl", "-m", "front", "-o", "out.jsonl")
    assert 'its model name was "gpt", and is now "front"' in other.stderr
    configs = folder / "models.yaml"
    configs.write_text(configs.read_text().replace("price:", "generate_args: {temperature: 0.5}, price:"))
    other = batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl")
    assert 'its model configs gpt generate_args was nothing, and is now {"temperature":0.5}' in other.stderr
    configs.write_text(configs.read_text().replace("generate_args: {temperature: 0.5}, price:", "timeout: 9, price:"))
    write_rows(folder / "in.jsonl", [{"id": 9, "text": "word 0"}, *ROWS[1:]])
    other = batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl")
    assert "its input in.jsonl was" in other.stderr
    assert (len(server.requests), (folder / "out.jsonl").read_bytes()) == (asked, before)
    write_rows(folder / "in.jsonl", ROWS)
    assert batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl").exit_code == 0  # another timeout is the same job
    assert len(server.requests) == asked + 1
    assert batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl", "--resume").exit_code == 2
    assert batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl", "--restart").exit_code == 0
    assert len(server.requests) == asked + 5


def test_csv_holds_what_is_nested_as_json(folder: Path, batch: Batch) -> None:
    (folder / "in.csv").write_bytes("\ufeffid,text\r\n1,a\r\n2,\r\n".encode())
    schema = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}
    (folder / "mood.json").write_text(json.dumps(schema))
    done = batch("in.csv", "-m", "gpt", "-o", "out.csv", "--schema", "mood.json", "--field", "text")
    assert done.exit_code == 1, done.stderr
    with (folder / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "text", *ANSWERS]
    assert list(json.loads(rows[0]["parsed"])) == ["mood"]
    assert json.loads(rows[0]["usage"])["total_tokens"] > 0
    assert (rows[1]["response"], rows[1]["error"], rows[1]["id"]) == ("", "RowError", "2")


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_columnar_files_keep_their_types(folder: Path, batch: Batch, suffix: str) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"id": arrow.array([1, 2], arrow.int16()), "text": ["a", "b"], "tags": [["x"], None]})
    importlib.import_module("pyarrow.parquet").write_table(table, folder / "in.parquet")
    done = batch("in.parquet", "-m", "emb", "-o", f"out{suffix}", "--embed")
    assert done.exit_code == 0, done.stderr
    read = importlib.import_module("pyarrow.parquet" if suffix == ".parquet" else "pyarrow.feather").read_table
    written = read(folder / f"out{suffix}")
    assert written.schema.field("id").type == arrow.int16()
    assert written.schema.field("tags").type == arrow.list_(arrow.string())
    assert written.column("id").to_pylist() == [1, 2]
    assert [len(vector) for vector in written.column("response").to_pylist()] == [8, 8]
    assert batch("in.parquet", "-m", "gpt", "-o", "out.csv", "--select", "tags,id", "--select", "model").exit_code == 0
    assert (folder / "out.csv").read_text() == 'tags,id,model\n"[""x""]",1,gpt\n,2,gpt\n'


def test_parquet_of_rows_that_differ(folder: Path, batch: Batch) -> None:
    pytest.importorskip("pyarrow")
    write_rows(
        folder / "in.jsonl", [{"text": "a", "n": 1}, {"text": "b", "n": 1.5, "x": {"y": [1]}}, {"text": "c", "z": "t"}]
    )
    done = batch("in.jsonl", "-m", "gpt", "-o", "out.parquet")
    assert done.exit_code == 0, done.stderr
    rows = importlib.import_module("pyarrow.parquet").read_table(folder / "out.parquet").to_pylist()
    told = [tuple(row[name] for name in ("text", "n", "x", "z")) for row in rows]
    assert told == [("a", 1.0, None, None), ("b", 1.5, '{"y":[1]}', None), ("c", None, None, "t")]


@pytest.mark.parametrize("output", ["-", "out.jsonl"])
def test_rows_from_standard_input(folder: Path, batch: Batch, output: str) -> None:
    given = "".join(f"{json.dumps(row)}\n" for row in ROWS)
    done = batch("-", "-m", "gpt", "-o", output, "--limit", "3", "--select", "id,error", input=given)
    assert done.exit_code == 0, done.stderr
    printed = done.stdout if output == "-" else (folder / output).read_text()
    assert printed == "".join(f'{{"id":{n},"error":null}}\n' for n in range(3))


def test_printed_rows_that_failed(folder: Path, batch: Batch, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", ROWS[:2])
    server.script("500")
    done = batch("in.jsonl", "-m", "gpt", "-o", "-", "--errors", "e.jsonl", "--no-order", "--concurrency", "1")
    assert done.exit_code == 1
    assert [json.loads(line)["error"] for line in done.stdout.splitlines()] == ["ServerError", None]
    assert [row["row"] for row in read_rows(folder / "e.jsonl")] == ROWS[:1]
    assert sorted(os.listdir(folder)) == ["e.jsonl", "in.jsonl", "models.yaml"]


WRONG: dict[str, str] = {
    "in.jsonl -m gpt -o out": "how is out to be written? Its suffix says it",
    "in.jsonl -m gpt -o no/out.jsonl": "there is no folder",
    "in.jsonl -m gpt -o out.jsonl --errors no/e.jsonl": "there is no folder",
    "in.jsonl -m gpt -o out.jsonl --errors out.jsonl": "the output and the errors are one file",
    "in.jsonl -m gpt -o out.jsonl --errors in.jsonl": "the output would take the place of the input",
    "in.jsonl -m gpt -o out.jsonl --field txt": "in.jsonl has no column 'txt'; its columns are: id, text",
    "in.jsonl -m gpt -o out.jsonl --prompt {txt}": "in.jsonl has no column 'txt'",
    "in.jsonl -m gpt -o out.jsonl --prompt {": "has a { at character 1",
    "in.jsonl -m gpt -o out.jsonl --prompt a --field text": "leave the others out",
    "in.jsonl -m gpt -o out.jsonl --select id,no": "there is no column 'no'",
    "in.jsonl -m gpt -o out.jsonl --embed": "--embed is for embeddings, and gpt is for chat",
    "in.jsonl -m gpt -o out.jsonl --schema no.json": "no.json cannot be read",
    "in.jsonl -m gpt -o out.jsonl --schema in.jsonl": "in.jsonl is not JSON",
    "in.jsonl -m gpt -o out.jsonl --resume --restart": "leave one of them out",
    "in.jsonl -m gpt -o out.jsonl --resume": "there is nothing to go on from",
    "in.jsonl -m gpt -o - --resume": "rows that are printed are kept nowhere",
    "in.jsonl -m gpt -o in.jsonl": "the output would take the place of the input",
    "ids.jsonl -m gpt -o out.jsonl": "Of its columns (id), none is called messages",
    "no.jsonl -m gpt -o out.jsonl": "there is no no.jsonl",
    "models.yaml -m gpt -o out.jsonl": "what models.yaml holds is told by its suffix",
    "in.jsonl - -m gpt -o out.jsonl": "what is read from standard input is the only input",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_asks_nothing_and_leaves_nothing(folder: Path, batch: Batch, server: MockServer, line: str) -> None:
    write_rows(folder / "in.jsonl", ROWS)
    write_rows(folder / "ids.jsonl", [{"id": 1}])
    done = batch(*line.split())
    assert (done.exit_code, WRONG[line] in done.stderr) == (2, True), done.stderr
    assert server.requests == []
    assert sorted(os.listdir(folder)) == ["ids.jsonl", "in.jsonl", "models.yaml"]


def test_what_no_call_can_mend_ends_the_job(folder: Path, batch: Batch, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", ROWS)
    done = batch("in.jsonl", "-m", "keyless", "-o", "out.jsonl")
    assert type(done.exception).__name__ == "ConfigError"
    assert "NO_KEY" in str(done.exception)
    assert not (folder / "out.jsonl").exists()


def test_the_budget_of_the_config_holds(folder: Path, batch: Batch, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", [{"text": str(n)} for n in range(9)])
    done = batch("in.jsonl", "-m", "poor", "-o", "out.jsonl", "--concurrency", "1")
    assert done.exit_code == 1
    assert {row["error"] for row in read_rows(folder / "out.errors.jsonl")} == {"BudgetExceededError"}
    assert len(server.requests) < 4


def test_an_empty_input_has_an_empty_output(folder: Path, batch: Batch) -> None:
    (folder / "in.jsonl").write_text("")
    assert batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl").exit_code == 0
    assert (folder / "out.jsonl").read_text() == ""


def test_no_key_is_written_anywhere(folder: Path, batch: Batch, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", ROWS)
    server.reply({"status": 401, "body": {"error": {"message": "wrong key sk-secret-key-1"}}})
    done = batch("in.jsonl", "-m", "gpt", "-o", "out.jsonl")
    written = [path.read_text() for path in folder.rglob("*") if path.is_file() and path.name != "models.yaml"]
    assert (done.exit_code, len(written)) == (1, 6)
    assert not [text for text in [*written, done.stderr] if "sk-secret" in text]
