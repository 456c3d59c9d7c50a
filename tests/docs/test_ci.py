"""The pipelines of docs/ci.md, for GitHub and GitLab, done by hand: what they run says what the services read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from ..paths import ROOT

GOOD = "- config_name: gpt\n  model_type: openai_chat\n  api_key: ${OPENAI_API_KEY}\n"
BAD = f"{GOOD}  temprature: 1\n"


def read_snippet(name: str) -> Any:
    """The file of that name on the page."""
    (text,) = re.findall(
        rf"^```yaml\n# {re.escape(name)}\n(.*?)^```$", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.M | re.S
    )
    return yaml.load(text, yaml.BaseLoader)  # not the safe one, which reads GitHub's key `on` as true


def run(commands: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the commands as a pipeline does, in a shell that stops at the first that fails."""
    kept = [command for command in commands if not command.startswith("pip install ")]  # it is installed
    assert len(kept) == len(commands) - 1
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-e", "-c", "\n".join(kept)]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture(params=[GOOD, BAD], ids=["good", "bad"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bool]:
    (tmp_path / "models.yaml").write_text(request.param)
    return tmp_path, request.param == GOOD


def test_github(project: tuple[Path, bool]) -> None:
    folder, is_good = project
    workflow = read_snippet(".github/workflows/models.yml")
    assert set(workflow) == {"name", "on", "jobs"}
    (job,) = workflow["jobs"].values()
    uses = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", use) for use in uses)
    done = run([step["run"] for step in job["steps"] if "run" in step], folder)
    assert (done.returncode, done.stderr) == (0 if is_good else 1, "")
    marks = [line for line in done.stdout.splitlines() if line.startswith("::")]
    if is_good:
        assert marks == []
    else:
        assert [re.match(r"::error .*file=models\.yaml,.*line=4,col=3\b", mark) is not None for mark in marks] == [True]


def test_gitlab(project: tuple[Path, bool]) -> None:
    folder, is_good = project
    (job,) = read_snippet(".gitlab-ci.yml").values()
    assert set(job) == {"image", "script", "artifacts"} and job["artifacts"]["when"] == "always"
    done = run(job["script"], folder)
    assert (done.returncode, done.stderr) == (0 if is_good else 1, "")
    report = ElementTree.parse(folder / job["artifacts"]["reports"]["junit"]).getroot()
    failures = [node for node in report.iter() if node.tag in ("failure", "error")]
    assert len(failures) == (0 if is_good else 1)
    if failures:
        assert "models.yaml:4:3" in ElementTree.tostring(report, "unicode")
