"""docs/bulk.md: its commands and its program run, and it names every option."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.bulk.answers import COLUMNS
from modelhub.bulk.engines import ENGINES
from modelhub.bulk.local import CONCURRENCY
from modelhub.bulk.questions import USUAL
from modelhub.bulk.rows.sources import SUFFIXES
from modelhub.cli.app import cli
from modelhub.cli.commands.batch import batch
from modelhub.testing import MockServer

from ..paths import ROOT

PAGE = (ROOT / "docs" / "bulk.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
REVIEWS = [{"id": 1, "text": "Great."}, {"id": 2, "text": "Never again."}]


def find(kind: str) -> str:
    """The first block of a kind."""
    return next(text for each, text in BLOCKS if each == kind)


@pytest.fixture
def folder(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELHUB_CONFIG", "models.yaml")
    v1 = f"api_key: k, client_args: {{base_url: '{server.url}/v1'}}"
    (tmp_path / "models.yaml").write_text(
        f"- {{config_name: gpt, model_type: openai_chat, {v1}}}\n"
        f"- {{config_name: embedder, model_type: openai_embedding, {v1}}}\n"
    )
    (tmp_path / "reviews").mkdir()
    (tmp_path / "reviews" / "a.csv").write_text("id,text\n1,Great.\n")
    (tmp_path / "reviews.jsonl").write_text("".join(json.dumps(row) + "\n" for row in REVIEWS))
    (tmp_path / "chats.jsonl").write_text('{"messages": [{"role": "user", "content": "Hello"}]}\n')
    schema = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}
    (tmp_path / "mood.json").write_text(json.dumps(schema))
    return tmp_path


def test_the_commands(folder: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(arrow.Table.from_pylist(REVIEWS), folder / "reviews.parquet")
    for line in find("sh").splitlines():
        given, _, command = line.rpartition("| ")
        _, *arguments = shlex.split(command, comments=True)
        stdin = Path(shlex.split(given)[1]).read_text() if given else None
        done = CliRunner().invoke(cli, arguments, input=stdin)
        assert done.exit_code == 0, (line, done.stderr)
        if given:
            assert [json.loads(row)["error"] for row in done.stdout.splitlines()] == [None, None]
    assert {path.name for path in folder.glob("*.*")} >= {"out.jsonl", "out.parquet", "out.csv", "vectors.parquet"}
    row = json.loads((folder / "out.jsonl").read_text().splitlines()[0])
    assert list(row) == list(json.loads(find("json"))) == ["id", "text", *COLUMNS]


def test_the_program(folder: Path, capsys: Any) -> None:
    exec(compile(find("python"), "docs/bulk.md", "exec"), {"__name__": "page"})
    assert capsys.readouterr().out == find("text")


@pytest.mark.parametrize(
    "option", [option for parameter in batch.params for option in parameter.opts if option.startswith("--")]
)
def test_every_option_is_told(option: str) -> None:
    told = {
        "--import",
        "--profile",
        "--allow-python",
        "--config",
        "--model",
        "--output",
    }  # as with every command, or by its letter
    assert option in told or re.search(rf"(?<![\w-]){option}(?![\w-])", PAGE)


def test_it_names_what_there_is() -> None:
    for name in (*SUFFIXES, *COLUMNS, *USUAL):
        assert f"`{name}`" in PAGE or f'"{name}"' in PAGE
    assert f"{CONCURRENCY} unless said" in PAGE
    assert ENGINES == ("local", "ray", "vendor")
