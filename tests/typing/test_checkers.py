"""Programs as type checkers see them: what is right passes, and what is wrong fails, in mypy --strict and in pyright.

A line that is wrong says so: ``# error: MYPY'S-CODE PYRIGHT'S-RULES``, the rules with commas between them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub.authoring.stubs import build_stub
from modelhub.cli.app import cli

from ..paths import ROOT

HERE = Path(__file__).parent
BESIDE = Path(sys.executable).parent
CHECKERS = ["mypy", "pyright"]
Errors = set[tuple[str, int, str]]


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "MYPYPATH": ""},
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def run_mypy(folder: Path) -> Errors:
    (folder / "mypy.ini").write_text("[mypy]\nstrict = true\nmypy_path = typings\n")
    printed = run(BESIDE / "mypy", "--cache-dir", os.devnull, ".", folder=folder)
    found = re.findall(r"^(.+?):(\d+): error: .*\[([a-z-]+)\]$", printed, re.MULTILINE)
    return {(Path(file).name, int(line), code) for file, line, code in found}


def run_pyright(folder: Path) -> Errors:
    printed = json.loads(run(BESIDE / "pyright", "--pythonpath", sys.executable, "--outputjson", folder=folder))
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1, each.get("rule", each["message"]))
        for each in printed["generalDiagnostics"]
        if each["severity"] == "error"
    }


RUN: dict[str, Callable[[Path], Errors]] = {"mypy": run_mypy, "pyright": run_pyright}


def read_errors(folder: Path, checker: str) -> Errors:
    """The errors that the lines of the programs tell."""
    errors = set()
    for file in folder.glob("*.py"):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if told := re.search(r"# error: (\S+) (\S+)$", line):
                codes = told[1 + CHECKERS.index(checker)].split(",")
                errors |= {(file.name, number, code) for code in codes}
    return errors


@pytest.mark.parametrize("checker", CHECKERS)
def test_programs(checker: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(HERE / "programs", tmp_path / "programs"))
    page = (ROOT / "docs" / "typing.md").read_text("utf-8")
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)):
        (folder / f"of_page_{number}.py").write_text(block)
    expected = read_errors(folder, checker)
    assert expected
    assert RUN[checker](folder) == expected


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_program_with_a_stub_of_its_models(checker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(shutil.copytree(HERE / "stubbed", tmp_path / "stubbed"))
    monkeypatch.chdir(folder)
    assert CliRunner().invoke(cli, ["stubs", "-c", "models.yaml"]).exit_code == 0
    expected = read_errors(folder, checker)
    assert expected
    assert RUN[checker](folder) == expected


def test_the_stub_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(HERE / "stubbed" / "models.yaml", "models.yaml")
    written = Path("types", "modelhub", "__init__.pyi")
    check = ["stubs", "-c", "models.yaml", "-o", "types", "--check"]
    missing = CliRunner().invoke(cli, check)
    assert (missing.exit_code, Path("types").exists()) == (1, False)
    assert "is not there; `modelhub stubs -o types` writes it" in missing.stderr
    done = CliRunner().invoke(cli, check[:-1])
    assert (done.exit_code, done.stdout) == (0, f"{written}\n")
    assert CliRunner().invoke(cli, check).exit_code == 0
    before = written.read_text("utf-8")
    Path("models.yaml").write_text("- {config_name: other, model_type: openai_chat}\n")
    differs = CliRunner().invoke(cli, check)
    assert (differs.exit_code, written.read_text("utf-8")) == (1, before)
    assert "is not what the configs say" in differs.stderr
    Path("file").write_text("")
    assert CliRunner().invoke(cli, ["stubs", "-c", "models.yaml", "-o", "file"]).exit_code == 74


def test_names_of_all_kinds() -> None:
    text = build_stub({"a": "chat", "it's \"é\n": "chat", "unknown": None})
    compile(text, "stub", "exec")
    assert "def image(config_name: Literal['unknown']) -> ImageWrapper: ..." in text
    assert "def embedding(config_name: Never)" in build_stub({"a": "chat"})
    compile(build_stub({}), "stub", "exec")
