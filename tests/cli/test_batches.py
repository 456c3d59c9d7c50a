"""How a bulk job is shown: while it runs, and at its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelhub.bulk.answers import Answer
from modelhub.bulk.finishing import Outcome
from modelhub.bulk.progress import Progress
from modelhub.cli.batches import list_cells, write_cost, write_line, write_summary, write_time
from modelhub.testing import MockServer


@pytest.fixture
def progress(monkeypatch: pytest.MonkeyPatch) -> Progress:
    """A job whose first answer came after one second, and the second one after three."""
    now = [0.0]
    monkeypatch.setattr("modelhub.bulk.progress.time.monotonic", lambda: now[0])
    progress = Progress(1000)
    progress.skip()
    now[0] = 1.0
    progress.add(Answer("a", usage={"total_tokens": 30}, cost=0.5))
    now[0] = 3.0
    progress.add(Answer(error="ServerError"))
    progress.refuse()
    return progress


def test_the_line_while_it_runs(progress: Progress) -> None:
    cells = list_cells(progress)
    assert cells == ["4/1,000 rows", "1.5/s", "15 tok/s", "cost 0.5", "2 errors", "11:04 left"]
    text = "  ".join(cells)
    assert write_line(progress, cells, 79) == f"[{'.' * 14}]  {text}"
    assert write_line(progress, cells, 200) == f"[{'.' * 30}]  {text}"
    assert write_line(progress, cells, 70) == f"0%  {text}"
    assert len(write_line(progress, cells, 40)) == 40
    assert list_cells(Progress()) == ["0 rows", "0.0/s", "0 errors"]


def test_the_summary(progress: Progress) -> None:
    outcome = Outcome()
    outcome.rows, outcome.errors = 2000, {"ServerError": 1, "RowError": 1200}
    assert write_summary(progress, outcome, "out.jsonl", "e.jsonl") == [
        "rows      2,000",
        "answered  799",
        "failed    1,201: 1,200 RowError, 1 ServerError",
        "requests  2 now, 0.7/s",
        "tokens    30",
        "cost      0.5",
        "time      3.0 s",
        "output    out.jsonl",
        "errors    e.jsonl",
    ]


def test_amounts_and_times() -> None:
    assert [write_cost(cost) for cost in (0, 0.00001234, 0.01234, 12.345, 1234.5)] == [
        *("0", "1.2e-05", "0.0123", "12.3", "1,234.50"),
    ]
    assert [write_time(seconds) for seconds in (3, 3.21, 125, 3725.9)] == ["3 s", "3.2 s", "2:05", "1:02:05"]


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_real_terminal(tmp_path: Path) -> None:
    import pty

    (tmp_path / "in.jsonl").write_text("".join(f'{{"text": "{n}"}}\n' for n in range(40)))
    with MockServer(latency=0.1) as server:
        v1 = f"{{base_url: '{server.url}/v1'}}"
        (tmp_path / "m.yaml").write_text(f"{{config_name: m, model_type: openai_chat, api_key: k, client_args: {v1}}}")
        reading, writing = pty.openpty()
        line = ["batch", "in.jsonl", "-c", "m.yaml", "-m", "m", "-o", "o.jsonl", "--concurrency", "4"]
        with subprocess.Popen([sys.executable, "-m", "modelhub", *line], cwd=tmp_path, stderr=writing) as job:
            os.close(writing)
            shown = b""
            try:
                while piece := os.read(reading, 1000):
                    shown += piece
            except OSError:  # its end, on Linux
                pass
        os.close(reading)
    assert job.returncode == 0
    lines = [line.strip() for line in shown.decode().replace("\n", "\r").split("\r")]
    assert any(line.startswith("[###") and "/40 rows  " in line and line.endswith("left") for line in lines)
    assert "answered  40" in lines
    assert max(map(len, lines)) < 80
