"""What happened to connections in the field; each case is a program of its own in ``connections``, with its own server.

A program prints what it looked at and ends with a line ``VERDICT pass`` or another word.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "connections"
CASES = sorted(FOLDER.glob("[0-9]*.py"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(case: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(case)]
    env = {**os.environ, "PYTHONPATH": str(FOLDER)}  # where prelude.py is
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=170, check=False)
    verdict = next((line for line in done.stdout.splitlines() if line.startswith("VERDICT ")), "no verdict")
    assert verdict.startswith("VERDICT pass"), done.stdout + done.stderr[-2000:]
