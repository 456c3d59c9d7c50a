"""docs/batch-apis.md: its commands run, and its table has all types that have a batch API."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from modelhub.bulk.vendor.choosing import VENDORS
from modelhub.testing import MockServer

from ..paths import ROOT

PAGE = (ROOT / "docs" / "batch-apis.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"^```(yaml|jsonl)\n(.*?)^```$", PAGE, re.M | re.S))
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
SHORT = (ROOT / "docs" / "bulk.md").read_text("utf-8").partition("## Vendors' batch APIs")[2]


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.yaml").write_text(BLOCKS["yaml"])
    (tmp_path / "reviews.jsonl").write_text(BLOCKS["jsonl"])
    with MockServer(batch_polls=1) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        told = [run(command, tmp_path) for command in COMMANDS]
        monkeypatch.setenv("MODELHUB_CONFIG", "models.yaml")
        (command,) = re.findall(r"^```sh\n(.*?)^```$", SHORT, re.M | re.S)
        told.append(run(command, tmp_path))
    assert [code for code, _ in told] == [0, 2, 0]  # there is nothing to cancel when all is answered
    rows = [json.loads(line) for line in (tmp_path / "moods.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [1, 2] and all(row["response"] for row in rows)
    assert "nothing to cancel" in told[1][1]


def run(command: str, folder: Path) -> tuple[int, str]:
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_the_table_has_all_types() -> None:
    table = re.findall(r"^\| (`\w+`.*?) \| \[", PAGE, re.M)
    assert set(re.findall(r"`(\w+)`", " ".join(table))) == set(VENDORS)
