"""The table of codes: its examples are true, and the page and the command say what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from modelhub import configs
from modelhub.diagnostics import CODES, EXPLANATIONS
from modelhub.errors import Problem
from modelhub.registry import checking
from modelhub.validation import check_environment

from ..paths import ROOT

# Those that take a plugin, several files, or a program to come about.
NOT_IN_ONE_FILE = {"MH100", "MH300", "MH303", "MH304", "MH306", "MH501", "MH502", "MH503", "MH504", "MH505", "MH506"}


def find_problems(text: str) -> list[Problem]:
    loaded = configs.load_text(text.encode(), name="models.yaml", format="yaml")
    return [*loaded.problems, *checking.check(loaded.entries), *check_environment(loaded.entries)]


@pytest.mark.parametrize("code", [code for code in CODES if code not in NOT_IN_ONE_FILE])
def test_the_examples_are_true(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {problem.code for problem in find_problems(EXPLANATIONS[code].wrong)} == {code}
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert find_problems(EXPLANATIONS[code].right) == []


def test_every_code_in_the_source_is_explained() -> None:
    sources = [*(ROOT / "modelhub").rglob("*.py"), *(ROOT / "wrappers").rglob("*.py")]
    used = {
        code
        for path in sources
        if path.name != "codes.py"
        for code in re.findall(r'"(MH\d{3})"', path.read_text("utf-8"))
    }
    assert used <= set(CODES)


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60, cwd=cwd
    )


def test_the_page_is_what_would_be_generated() -> None:
    done = run("scripts/generate_docs", "--check", "codes")
    assert (done.returncode, done.stderr) == (0, "")


def test_pages_that_do_not_exist() -> None:
    done = run("scripts/generate_docs", "nonsense")
    assert done.returncode == 2
    assert "the pages are codes" in done.stderr


def test_explain_code(tmp_path: Path) -> None:
    done = run("-m", "modelhub", "explain-code", "mh103", "MH401", cwd=tmp_path)
    assert done.returncode == 0
    for part in ("MH103 a key that does not exist here", "temprature", "MH401", "    api_key: ${OPENAI_API_KEY}"):
        assert part in done.stdout
    every = run("-m", "modelhub", "explain-code", cwd=tmp_path).stdout
    assert [line.split()[0] for line in every.splitlines() if line.startswith("MH")] == list(CODES)
    unknown = run("-m", "modelhub", "explain-code", "MH999", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "there is no code MH999" in unknown.stderr
