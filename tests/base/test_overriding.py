"""The mark of methods that replace inherited ones: nothing at run time, a check for mypy and pyright."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelhub.overriding import override

BODY = """
from modelhub.overriding import override


class Base:
    def ask(self) -> int:
        return 1


class Marked(Base):
    @override
    def ask(self) -> int:
        return 2


class Unmarked(Base):
    def ask(self) -> int:
        return 3


class Misspelt(Base):
    @override
    def aks(self) -> int:
        return 4
"""


def classes_at(lines: list[int]) -> list[str]:
    """The classes that these lines of the program are in."""
    above = ("\n".join(BODY.split("\n")[:line]) for line in sorted(lines))
    return [re.findall(r"^class (\w+)", text, re.M)[-1] for text in above]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a program that uses the mark, and with how to check it."""
    (tmp_path / "program.py").write_text(BODY)
    checks = {"pythonVersion": "3.11", "reportImplicitOverride": "error"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(checks))
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\nenable_error_code = explicit-override\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def test_it_changes_nothing() -> None:
    def method(self: object) -> int:
        return 1

    assert override(method) is method
    assert method.__override__  # type: ignore[attr-defined]


def test_it_needs_no_library(tmp_path: Path) -> None:
    done = run(tmp_path, "-c", "import sys; sys.modules['typing_extensions'] = None; import modelhub.overriding")
    assert (done.returncode, done.stderr) == (0, "")


def test_mypy_knows_it(project: Path) -> None:
    done = run(project, "-m", "mypy", "--python-version", "3.11", "program.py")
    lines = [int(line) for line in re.findall(r"^program\.py:(\d+): error: ", done.stdout, re.M)]
    assert classes_at(lines) == ["Unmarked", "Misspelt"], done.stdout + done.stderr
    assert "[explicit-override]" in done.stdout


def test_pyright_knows_it(project: Path) -> None:
    done = run(project, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "program.py")
    found = json.loads(done.stdout)["generalDiagnostics"]
    lines = [item["range"]["start"]["line"] + 1 for item in found if item["severity"] == "error"]
    assert classes_at(lines) == ["Unmarked", "Misspelt"], done.stdout
