"""docs/routing.md, on what is proved: the tree is what the command draws, and the codes are told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub import ModelRegistry
from modelhub.cli.app import cli

from ..paths import ROOT

PAGE = (ROOT / "docs" / "routing.md").read_text("utf-8")
(FILE,) = re.findall(r"^```yaml\n# proved.yaml\n(.*?)^```$", PAGE, re.M | re.S)
(DRAWN,) = re.findall(r"^```\n(front  .*?)^```$", PAGE, re.M | re.S)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "proved.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_tree_is_what_the_command_draws() -> None:
    done = CliRunner().invoke(cli, ["explain", "front", "-c", "proved.yaml"])
    assert done.exit_code == 0
    assert done.output.endswith(f"\n\n{DRAWN}")


def test_the_file_is_proved() -> None:
    done = CliRunner().invoke(cli, ["validate", "--strict", "proved.yaml"])
    assert (done.exit_code, "MH" in done.output) == (0, False)


def test_what_json_and_python_tell() -> None:
    told = json.loads(CliRunner().invoke(cli, ["explain", "front", "-c", "proved.yaml", "--json"]).output)
    assert told.keys() == {"config_name", "values", "tree", "worst_case"}
    assert told["worst_case"] == told["tree"]["worst_case"] == {"attempts": 5, "seconds": 50}
    assert [target["config_name"] for target in told["tree"]["targets"]] == ["gpt", "safe", "own", "gpt"]
    tree = ModelRegistry("proved.yaml").tree("front")
    assert tree is not None
    assert (tree.attempts, tree.seconds) == (5, 50)
