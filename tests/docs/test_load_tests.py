"""docs/load-tests.md: its commands and its program run, its figures are those of the code, its picture can be made."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.cli.commands.bench import bench
from modelhub.load.percentiles import summarize
from modelhub.testing import MockServer

from ..load.test_running import CLOSED, OPEN, Server, run, run_level
from ..paths import ROOT

PAGE = (ROOT / "docs" / "load-tests.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture
def folder(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("MODELHUB_CONFIG", "models.yaml")
    text = next(text for kind, text in BLOCKS if kind == "yaml")
    (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    return tmp_path


def test_the_examples(folder: Path, capsys: Any) -> None:
    (commands,) = [text for kind, text in BLOCKS if kind == "sh"]
    printed = ""
    for line in commands.splitlines():
        _, *arguments = shlex.split(line, comments=True)
        done = CliRunner().invoke(cli, arguments)
        assert (done.exit_code, done.stderr) == (0, ""), (line, done.exception)
        printed += done.stdout
    assert (folder / "load.png").read_bytes().startswith(b"\x89PNG")
    assert "small, 20 a second: 20 calls" in printed
    assert "with 95 % confidence" in printed
    (program,) = [text for kind, text in BLOCKS if kind == "python"]
    exec(compile(program, "docs/load-tests.md", "exec"), {"__name__": "page"})
    assert capsys.readouterr().out == BLOCKS[-1][1]


def test_the_table_that_is_shown_is_one_that_is_printed(folder: Path) -> None:
    shown = next(text for kind, text in BLOCKS if kind == "text")
    done = CliRunner().invoke(cli, shlex.split("bench large -c 8 -n 16 --stream --slo ttft=60"))
    beginnings = [line[:9] for line in done.stdout.splitlines() if line]
    for line in shown.splitlines()[1:-2]:
        assert line[:9] in beginnings
    assert "goodput" in done.stdout and "client CPU" in done.stdout


def test_the_stall_is_hidden_and_shown_as_the_page_says() -> None:
    rows = {
        "closed, 1 at a time": replace(CLOSED, requests=400),
        "open, 100 a second": replace(OPEN, requests=400, size=100),
    }
    for name, level in rows.items():
        found = summarize(sample.seconds for sample in run(run_level(level, Server().ask)).samples)
        told = " | ".join(f"{1000 * (found[which] or 0):,.0f} ms" for which in ("p50", "p90", "p99", "max"))
        assert f"| {name} | {told} |" in PAGE


@pytest.mark.parametrize(
    "option", [option for parameter in bench.params for option in parameter.opts if option.startswith("-")]
)
def test_every_option_is_told(option: str) -> None:
    told = {"--profile", "--allow-python", "--import"}  # as with every command
    assert option in told or re.search(rf"(?<![\w-]){option}(?![\w-])", PAGE)


def test_the_picture_is_small() -> None:
    picture = (ROOT / "docs" / "load-test.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) < 60_000
