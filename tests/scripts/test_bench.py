"""scripts/bench measures every row; what it measures is for people to judge, on a machine at rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..paths import ROOT

BENCH = ROOT / "scripts" / "bench.py"
ROWS = [
    "call",
    "streamed chunk",
    "64 embeddings as numbers",
    "64 embeddings as base64",
    "async call, 64 in flight",
    "async streamed chunk",
    "call with timeout",
    "call with limits",
    "call with limits of tokens",
    "call with circuit_breaker",
    "call with cache, kept",
    "import modelhub",
    "init + get_model, over bare",
    "validate 1 config",
    "validate 500 configs",
    "validate 10000 configs",
]
NUMBERS = ("competitor_cost", "modelhub_cost", "target")


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_it_prints_every_row(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(BENCH), "--quick", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    if not arguments:
        header, *lines = done.stdout.splitlines()
        assert header.split() == ["what", "competitor", "modelhub", "ratio", "of", "pairs", "target", "ok"]
        assert [any(line.startswith(f"{row}  ") for line in lines) for row in ROWS] == [True] * len(lines)
        return
    rows = json.loads(done.stdout)
    assert [row["what"] for row in rows] == ROWS
    for row in rows:
        assert row["competitor"] and isinstance(row["ok"], bool)
        assert all(isinstance(row[name], float) and row[name] > 0 for name in NUMBERS), row
        assert all(isinstance(row[name], float) for name in ("ratio", "ratio_of_pairs"))


def test_it_can_be_run_by_its_name() -> None:
    assert BENCH.with_suffix("").stat().st_mode & 0o111
