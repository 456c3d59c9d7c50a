"""Runs the programs of scripts/examples as their comments say; the fixtures are for the modules that import them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelhub.testing import MockServer

from ..paths import ROOT

EXAMPLES = ROOT / "scripts" / "examples"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the examples, to run them in."""
    return shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def run(folder: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command of a program's first comment, with more arguments, in an environment that names the mock."""
    monkeypatch.setenv("PATH", PATH)
    monkeypatch.setenv("MODELHUB_PROFILE", "mock")
    monkeypatch.setenv("MOCK_URL", server.url)

    def run(program: str, more: str = "", input: str = "") -> subprocess.CompletedProcess[str]:
        command = f"{find_command(folder / program)} {more}"
        return subprocess.run(
            command, shell=True, cwd=folder, input=input, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def find_command(path: Path) -> str:
    """What the first comment of a program says to run."""
    return path.read_text("utf-8").partition("\n")[0].removeprefix("# ")


def load(program: str) -> Any:
    """A program as a module."""
    spec = importlib.util.spec_from_file_location(program.removesuffix(".py"), EXAMPLES / program)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
