"""A call takes no more instructions of modelhub than it did: a guard that is the same on every machine.

Where that is meant, ``scripts/bench --count --record`` writes the numbers anew.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..paths import ROOT

TABLES = Path(__file__).with_name("counts")
OWN = TABLES / f"{sys.version_info.major}.{sys.version_info.minor}.json"
DONE = {"call", "streamed chunk", "async call", "async streamed chunk", "embedding"}


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The module that counts, with an empty folder for its tables."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    module = importlib.import_module("benchmarks.counts")
    monkeypatch.setattr(module, "FOLDER", tmp_path / "counts")
    return module


@pytest.mark.skipif(not OWN.exists(), reason=f"nothing was recorded for this Python: {OWN.name}")
def test_nothing_has_grown(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "bench.py"), "--count"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stdout}\nIs it worth that? scripts/bench --count --record"


def test_every_table_has_all_that_is_counted() -> None:
    tables = sorted(TABLES.glob("*.json"))
    assert {table.stem for table in tables} >= {"3.11", "3.12", "3.13"}
    for table in tables:
        recorded = json.loads(table.read_text("utf-8"))
        assert recorded.keys() == DONE
        assert all(sum(functions.values()) > 100 for functions in recorded.values())


def test_what_has_grown_is_named(counts: Any) -> None:
    recorded = {"call": {"modelhub.a:f": 100, "modelhub.a:g": 100, "modelhub.a:gone": 20}, "chunk": {"modelhub.b:h": 9}}
    grown = {"call": {"modelhub.a:f": 104, "modelhub.a:g": 100, "modelhub.a:new": 40}, "chunk": {"modelhub.b:h": 9.4}}
    assert counts.find_growth(recorded, grown) == [
        "call: 220 instructions have become 244 (+10.9%)\n    modelhub.a:new: 0 -> 40\n    modelhub.a:f: 100 -> 104"
    ]
    assert counts.find_growth(recorded, recorded) == []


def test_what_is_recorded_is_compared(
    counts: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(counts, "count", lambda: {"call": {"modelhub.a:f": 100}})
    assert counts.report(record=False) == 0
    assert "nothing is recorded for this Python" in capsys.readouterr().out
    assert counts.report(record=True) == 0
    monkeypatch.setattr(counts, "count", lambda: {"call": {"modelhub.a:f": 106}})
    assert counts.report(record=False) == 1
    assert "modelhub.a:f: 100 -> 106" in capsys.readouterr().out
