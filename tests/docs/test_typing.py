"""docs/typing.md: its program runs and prints what it says, and its commands do what they show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.testing import MockServer

from ..paths import ROOT

PAGE = (ROOT / "docs" / "typing.md").read_text("utf-8")


def test_the_examples(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S):
        if kind == "yaml":
            (tmp_path / "models.yaml").write_text(text)
        elif kind == "console":
            for command, printed in re.findall(r"^\$ modelhub (.*)\n((?:[^$].*\n)*)", text, re.M):
                done = CliRunner().invoke(cli, command.split())
                assert (done.exit_code, done.output) == (0, printed)
        elif not text.startswith("# wrong.py"):
            exec(compile(text, "docs/typing.md", "exec"), {"__name__": "page"})
            assert capsys.readouterr().out == "3\nHello1\n"
    assert (tmp_path / "typings" / "modelhub" / "__init__.pyi").exists()
