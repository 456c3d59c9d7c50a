"""docs/commands.md: its commands run, and print what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.testing import MockServer

from ..paths import ROOT

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "docs" / "commands.md").read_text("utf-8"), re.M | re.S)
EXITS = {"modelhub diff models.yaml next.yaml": 3}


def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MockServer) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "questions.txt").write_text("echo: one\n")
    printed: list[str] = []
    for kind, text in BLOCKS:
        if kind in ("yaml", "toml"):
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        elif kind == "text":
            assert printed[-1] == text
        else:
            assert kind == "sh"
            printed.append("".join(run(line, monkeypatch, server) for line in text.splitlines()))
    assert printed[-2:] == ["Hello\none\n", "one\n"]
    assert re.fullmatch(r"ANTHROPIC_API_KEY=sk-ant-\S+\n", (tmp_path / ".env").read_text())


def run(line: str, monkeypatch: pytest.MonkeyPatch, server: MockServer) -> str:
    command, _, source = line.partition(" < ")
    if " call " in command or " chat " in command:
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    given = Path(source).read_text() if source else None
    done = CliRunner().invoke(cli, shlex.split(command)[1:], input=given)
    assert done.exit_code == EXITS.get(line, 0), done.output
    return done.stdout
