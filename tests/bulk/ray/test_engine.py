"""Jobs on Ray: what comes out is what the engine of one process makes, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from modelhub.testing import MockServer

from ...model_servers.chosen import needs

CALLS = 8  # at a time
ROWS = 150
# Answers on their way back to the process that keeps them are lost with it: Ray looks ten times a second for what has
# come.
ASKED_TWICE = {"local": CALLS, "ray": 4 * CALLS}


def write_job(folder: Path, url: str) -> None:
    """A config, and rows: every third asks what another one does, one cannot be read, and one asks nothing."""
    (folder / "models.yaml").write_text(
        f"- {{config_name: gpt, model_type: openai_chat, api_key: '${{BULK_KEY}}',"
        f" client_args: {{base_url: '{url}/v1'}}, price: {{prompt: 1, completion: 2}}}}\n"
    )
    lines = [json.dumps({"id": n, "text": f"question {n - n % 3 if n % 3 == 1 else n}"}) for n in range(ROWS)]
    (folder / "in.jsonl").write_text("\n".join([*lines, "{broken", json.dumps({"id": ROWS})]) + "\n")


def count_distinct() -> int:
    return len({n - n % 3 if n % 3 == 1 else n for n in range(ROWS)})


def start(folder: Path, engine: str, *more: str) -> subprocess.Popen[str]:
    """The command, which finds the cluster of the tests by itself."""
    line = [*(sys.executable, "-m", "modelhub", "batch", "in.jsonl", "-c", "models.yaml", "-m", "gpt")]
    line += ["--field", "text", "-o", f"{engine}.jsonl", "--engine", engine, "--concurrency", str(CALLS), *more]
    environment = {**os.environ, "BULK_KEY": "sk-1"}
    return subprocess.Popen(line, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def count_asked(server: MockServer) -> Counter[str]:
    return Counter(request.json["messages"][-1]["content"] for request in server.requests)


def read_rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=needs("ray"))])
def test_a_job_goes_on_where_it_was_killed(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if engine == "ray":
        request.getfixturevalue("ray_cluster")
    with MockServer(latency=0.1) as server:
        kill_and_go_on(engine, tmp_path, server)


def kill_and_go_on(engine: str, tmp_path: Path, server: MockServer) -> None:
    write_job(tmp_path, server.url)
    with start(tmp_path, engine) as first:
        halfway = server.wait_until(lambda: len(server.requests) >= count_distinct() // 2, 60)
        first.kill()
        assert halfway, first.stderr and first.stderr.read()
    with start(tmp_path, engine, "--resume") as second:
        _, told = second.communicate(timeout=60)
    assert second.returncode == 1, told
    asked = count_asked(server)
    assert len(asked) == count_distinct()
    assert len(server.requests) - len(asked) <= ASKED_TWICE[engine]
    rows = read_rows(tmp_path / f"{engine}.jsonl")
    assert [row.get("id") for row in rows] == [*range(ROWS), None, ROWS]
    assert [row["error"] for row in rows] == [None] * ROWS + ["RowError"] * 2
    assert all(row["response"] and row["model"] == "gpt" and row["cost"] for row in rows[:ROWS])
    assert rows[3]["response"] == rows[4]["response"] != rows[5]["response"]
    failed = read_rows(tmp_path / f"{engine}.errors.jsonl")
    assert [(row["error"], row["line"]) for row in failed] == [("RowError", ROWS + 1), ("RowError", ROWS + 2)]
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".partial") == sorted(
        ["in.jsonl", "models.yaml", f"{engine}.jsonl", f"{engine}.errors.jsonl"]
    )
    assert "Traceback" not in told and "ray::" not in told and len(told.splitlines()) < 20, told
