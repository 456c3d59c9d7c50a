"""docs/plugins.md: its package works, and its commands print what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from modelhub.cli.trial import GROUPS

from ..paths import ROOT

PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")


def test_the_examples(tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
    for kind, text in blocks:
        if kind not in ("sh", ""):
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    info = tmp_path / "modelhub_louder-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups]
    (info / "entry_points.txt").write_text("".join(lines))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PATH": path, "NO_COLOR": "1"}
    said = []
    for kind, text in blocks:
        if kind == "sh":
            run = ["sh", "-c", text.replace("\n", ";")]
            done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert done.stderr == ""
            said.append(done.stdout)
    assert said == [text for kind, text in blocks if kind == ""]


def test_every_group_has_its_row() -> None:
    assert re.findall(r"^\| `([\w.]+)` \|", PAGE, re.M) == [GROUPS[0].group, GROUPS[2].group, GROUPS[1].group]
