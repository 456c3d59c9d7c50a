"""``modelhub batch --engine vendor`` in processes of its own, which are interrupted and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelhub.testing import MockServer

from .models import build_config

TOLD = "batch in.jsonl -m openai -o out.jsonl --engine vendor -c models.json"
COMMAND = (sys.executable, "-m", "modelhub", *TOLD.split())


def prepare(server: MockServer, folder: Path, rows: int = 3) -> None:
    (folder / "models.json").write_text(json.dumps([build_config("openai", server.url, price={"prompt": 1, "per": 1})]))
    (folder / "in.jsonl").write_text("".join(f'{{"text": "{n}"}}\n' for n in range(rows)))


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *more], cwd=folder, capture_output=True, text=True, timeout=60)


def begin(folder: Path, sent: signal.Signals) -> tuple[int, str]:
    """Begin a job, and end its process by a signal as soon as the vendor has it; its exit code, and what it said."""
    with subprocess.Popen(COMMAND, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = next(line for line in process.stderr if "handed in" in line)
        os.kill(process.pid, sent)
        told += process.stderr.read()
    return process.returncode, told


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_the_same_command_picks_a_job_up(sent: signal.Signals, tmp_path: Path) -> None:
    with MockServer(batch_seconds=1.0) as server:
        prepare(server, tmp_path)
        code, told = begin(tmp_path, sent)
        assert code == (130 if sent == signal.SIGINT else -sent)
        if sent == signal.SIGINT:
            assert "OpenAI goes on with batch_" in told and "out.partial" in told
        done = run(tmp_path)
        assert (done.returncode, server.counts.batches.jobs) == (0, 1), done.stderr
    rows = read(tmp_path / "out.jsonl")
    assert [row["text"] for row in rows] == ["0", "1", "2"]
    assert all(row["response"] and row["error"] is None and row["model"] == "openai" for row in rows)
    assert not (tmp_path / "out.partial").exists()


def test_a_job_that_is_cancelled_is_collected(tmp_path: Path) -> None:
    with MockServer(batch_polls=1000) as server:
        prepare(server, tmp_path)
        begin(tmp_path, signal.SIGKILL)
        done = run(tmp_path, "--cancel")
        assert (done.returncode, server.counts.batches.jobs) == (1, 1), done.stderr
    assert [row["error"] for row in read(tmp_path / "out.jsonl")] == ["ModelCallError"] * 3
    assert "was cancelled" in read(tmp_path / "out.errors.jsonl")[0]["message"]


@pytest.mark.parametrize(
    ("more", "told"),
    [(("--cancel",), "nothing to cancel"), (("--cancel", "--engine", "local"), "--engine vendor")],
)
def test_what_cannot_be_cancelled(more: tuple[str, ...], told: str, tmp_path: Path) -> None:
    with MockServer() as server:
        prepare(server, tmp_path, 1)
        done = run(tmp_path, *more)
    assert done.returncode == 2
    assert told in done.stderr
