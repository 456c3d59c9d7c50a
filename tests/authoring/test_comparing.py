"""`modelhub diff`: what has changed in effect, and whether callers notice; each case is two texts and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli

from ..paths import ROOT

KEY = "sk-proj-4f9aB2kLmN7qRsT8uVwX1yZ3cDeFgHiJkL"
CASES = sorted((ROOT / "tests" / "authoring" / "diffs").glob("*.txt"))
EXITS = {"same": 0, "changed": 1, "breaks": 3}


def diff(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["diff", *arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case(case: Path, tmp_path: Path) -> None:
    old, new, said = case.read_text("utf-8").replace("KEY", KEY).split("=====\n")
    (tmp_path / "old.yaml").write_text(old, "utf-8")
    (tmp_path / "new.yaml").write_text(new, "utf-8")
    code, printed = diff(str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"))
    assert printed == said
    assert code == EXITS[case.stem.partition("_")[0]]
    code, document = diff("--format", "json", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"))
    assert (json.loads(document)["same"], json.loads(document)["breaks_callers"]) == (code == 0, code == 3)
    assert KEY not in printed + document


def test_what_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("config_name: [\n")
    for other in ("a.yaml", "gone.yaml"):
        code, said = diff(str(tmp_path / other), str(tmp_path / other))
        assert (code, "MH101" in said) == (2, True)
    (tmp_path / "b.yaml").write_text("{config_name: a, model_type: openai_chat}\n")
    assert diff(str(tmp_path / "b.yaml"), str(tmp_path / "b.yaml"), "--profile", "gone")[0] == 2
    assert diff(str(tmp_path / "b.yaml"))[0] == 2
