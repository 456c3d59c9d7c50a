"""docs/architecture.md is what the code says, and the script that writes it installs modelhub where it is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from ..house.code import load_house
from ..paths import ROOT
from .test_contributing import find_missing, find_paths

SCRIPT = ROOT / "scripts" / "generate_docs"
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_the_page_is_what_would_be_generated() -> None:
    command = [sys.executable, str(SCRIPT), "--check", "architecture"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), "run scripts/generate_docs architecture"


def test_every_room_is_told_once() -> None:
    house = load_house()
    floors = house.read_floors(house.LAW.read_text("utf-8"))
    rows = PAGE.partition("## The rooms")[2].partition("\n## ")[0].splitlines()
    told = [Path(line.split("`")[1]).stem for line in rows if line.startswith("| `")]
    assert told == [room for floor in floors for room in floor]
    assert house.draw(floors) in PAGE


def test_everything_that_is_named_exists() -> None:
    text = PAGE.replace("](observers.md)", "](docs/observers.md)")
    assert len(find_paths(text)) > 40
    assert find_missing(text, ROOT) == []


@pytest.mark.parametrize("arguments", [[], ["--check", "codes"]])
def test_modelhub_is_installed_where_it_is_missing(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "scripts").mkdir()
    script = copy(SCRIPT, tmp_path / "scripts" / "generate_docs")
    (tmp_path / "scripts" / "environment").write_text("make_environment() { VENV=$PWD/made; }\n")
    python = tmp_path / "made" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho installed "$@"\n')
    python.chmod(0o755)
    command = [sys.executable, "-S", str(script), *arguments]  # without the packages of this environment
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path.parent)
    assert done.stdout.split() == ["installed", "scripts/generate_docs", *arguments]
