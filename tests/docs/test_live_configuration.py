"""docs/live-configuration.md: its examples run, and print what the page says."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelhub.registry import default

from ..paths import ROOT

PAGE = (ROOT / "docs" / "live-configuration.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(default, "_default", None)
    for kind, text in BLOCKS:
        if kind == "yaml":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    names: dict[str, Any] = {"__name__": "page"}
    printed: list[str] = []
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, "docs/live-configuration.md", "exec"), names)
            printed.append(capsys.readouterr().out)
            if len(printed) == 1:
                names["hub"].close()
        elif kind == "text":
            assert printed[-1] == text
    assert len(printed) == 5
    assert printed[3] == "('gpt', 'draft')\n"


@pytest.mark.parametrize("line", [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()])
def test_the_command(line: str, tmp_path: Path) -> None:
    for name, config in {"models.yaml": "gpt", "configs/m.yaml": "one", "teams/x/m.yaml": "two"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = f"models: [{{config_name: {config}, model_type: openai_chat}}]\nprofiles: {{prod: {{}}}}\n"
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", *line.replace("'", "").split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("watching ")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
