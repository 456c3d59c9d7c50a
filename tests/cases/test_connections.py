"""What happened to connections in the field; each case is a program of its own in ``connections``, with its own server.

A program prints what it looked at and ends with a line ``VERDICT pass`` or another word. Most of them wait for most of
their time, so that several run at once; those that measure time run alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "connections"
CASES = sorted(FOLDER.glob("[0-9]*.py"))
TIMED = [case for case in CASES if case.stem == "14-a-large-event"]
OTHERS = [case for case in CASES if case not in TIMED]
AT_ONCE = 6


def find_fault(folder: Path, case: Path) -> str | None:
    """What a case found that is not right, run in ``folder``; None if all is right."""
    command = [sys.executable, str(case)]
    env = {**os.environ, "PYTHONPATH": str(FOLDER)}  # where prelude.py is
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=170, check=False)
    verdict = next((line for line in done.stdout.splitlines() if line.startswith("VERDICT ")), "no verdict")
    return None if verdict.startswith("VERDICT pass") else f"{case.stem}: {done.stdout}{done.stderr[-2000:]}"


@pytest.mark.parametrize(
    "cases",
    [TIMED, *(OTHERS[n : n + AT_ONCE] for n in range(0, len(OTHERS), AT_ONCE))],
    ids=lambda cases: ",".join(case.stem for case in cases),
)
def test_cases(cases: list[Path], tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        faults = [*pool.map(partial(find_fault, tmp_path), cases)]
    assert faults == [None] * len(cases)
