"""docs/importing.md: its example is converted as the page says, and its table has all programs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelhub.authoring.importers import PROGRAMS

from ..paths import ROOT

PAGE = (ROOT / "docs" / "importing.md").read_text("utf-8")


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
    (_, before), (kind, commands), (_, after), (_, notes) = blocks
    assert kind == "sh"
    Path("opencode.json").write_text(before)
    said = ""
    for line in commands.strip().split("\n"):
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
        said += done.stderr
    assert Path("models.yaml").read_text() == after.removeprefix("# models.yaml\n")
    assert said == notes


def test_every_program_is_told() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, re.M))
    assert rows.keys() == PROGRAMS.keys()
    for name, program in PROGRAMS.items():
        for file in program.files.split(", "):
            assert file in rows[name].replace("`", "").replace(" of versions 0 to 3", ""), file
