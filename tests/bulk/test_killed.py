"""Jobs that are killed or interrupted, as real processes: none loses a row, or asks what was answered again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelhub.testing import MockServer

from .conftest import read_rows, write_rows

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")

AT_ONCE = 4
COUNT = 40


@pytest.fixture
def server() -> object:
    with MockServer(latency=0.02) as server:
        yield server


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "modelhub",
        "batch",
        "in.jsonl",
        "-c",
        "models.yaml",
        "-m",
        "gpt",
        "-o",
        "out.jsonl",
    ]
    line = [*command, "--concurrency", str(AT_ONCE), *options]
    return subprocess.Popen(line, cwd=folder, stderr=subprocess.PIPE, text=True)


def write_input(folder: Path) -> None:
    write_rows(folder / "in.jsonl", [{"id": n, "text": f"q {n}"} for n in range(COUNT)])


def test_killed_at_any_moment_it_goes_on(folder: Path, server: MockServer) -> None:
    write_input(folder)
    for asked in (1, COUNT // 3, COUNT // 2):
        job = start(folder)
        assert server.wait_until(lambda count=asked: len(server.requests) >= count, 20)  # type: ignore[misc]
        job.kill()
        job.communicate()
        assert not (folder / "out.jsonl").exists()
    job = start(folder, "--resume")
    said = job.communicate(timeout=60)[1]
    assert (job.returncode, "going on: " in said) == (0, True), said
    rows = read_rows(folder / "out.jsonl")
    assert [row["id"] for row in rows] == list(range(COUNT))
    assert all(row["response"] and row["error"] is None for row in rows)
    assert COUNT <= len(server.requests) <= COUNT + 3 * AT_ONCE
    assert sorted(os.listdir(folder)) == ["in.jsonl", "models.yaml", "out.jsonl"]


def test_two_processes_do_not_work_on_one_output(folder: Path, server: MockServer) -> None:
    write_input(folder)
    server.script(*["hang"] * AT_ONCE)
    first = start(folder)
    assert server.wait_until(lambda: len(server.requests) >= AT_ONCE, 20)
    second = start(folder)
    said = second.communicate(timeout=60)[1]
    first.kill()
    first.communicate()
    assert (second.returncode, len(server.requests)) == (2, AT_ONCE)
    assert said == "modelhub: another process is at work on out.partial; wait for it, or stop it\n"


def test_ctrl_c_finishes_what_is_under_way(folder: Path, server: MockServer) -> None:
    write_input(folder)
    job = start(folder)
    assert server.wait_until(lambda: len(server.requests) >= AT_ONCE, 20)
    job.send_signal(signal.SIGINT)
    said = job.communicate(timeout=60)[1]
    assert (job.returncode, (folder / "out.jsonl").exists()) == (130, False)
    assert said.startswith("finishing the calls under way; ctrl-C again stops them\ninterrupted; what is answered")
    asked = len(server.requests)
    kept = (folder / "out.partial" / "done.jsonl").read_text().count("\n")
    assert AT_ONCE <= asked == kept < COUNT  # every call that was made is answered
    job = start(folder)
    assert (job.communicate(timeout=60)[1] != "", job.returncode, len(server.requests)) == (True, 0, COUNT)


def test_ctrl_c_twice_stops(folder: Path, server: MockServer) -> None:
    write_input(folder)
    server.script(*["hang"] * AT_ONCE)
    job = start(folder)
    assert server.wait_until(lambda: len(server.requests) >= AT_ONCE, 20)
    assert job.stderr is not None
    job.send_signal(signal.SIGINT)
    assert job.stderr.readline().startswith("finishing the calls under way")
    job.send_signal(signal.SIGINT)
    said = job.communicate(timeout=60)[1]
    assert (job.returncode, said) == (
        130,
        "interrupted; what is answered is kept in out.partial: the same command goes on from it\n",
    )


def test_ctrl_c_in_a_pipe_does_not_wait_for_more_rows(folder: Path, server: MockServer) -> None:
    line = [sys.executable, "-m", "modelhub", "batch", "-", "-c", "models.yaml", "-m", "gpt", "-o", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as job:
        assert job.stdin is not None and job.stdout is not None and job.stderr is not None
        job.stdin.write('{"text": "a"}\n')
        job.stdin.flush()
        assert '"error":null' in job.stdout.readline()  # it comes though the input has not ended
        job.send_signal(signal.SIGINT)
        assert job.wait(20) == 130
        said = job.stderr.read()
    assert said == "finishing the calls under way; ctrl-C again stops them\ninterrupted\n"


LIMITED = """
import resource, signal, sys
from modelhub.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.argv[0] = "modelhub"
main()
"""


def test_a_full_disk_ends_in_a_state_to_go_on_from(folder: Path, server: MockServer) -> None:
    write_rows(folder / "in.jsonl", [{"id": n, "text": f"q {n} " + "x" * 20} for n in range(150)])
    line = ["batch", "in.jsonl", "-c", "models.yaml", "-m", "gpt", "-o", "out.jsonl", "--concurrency", "8"]
    full = subprocess.run(
        [sys.executable, "-c", LIMITED, *line], cwd=folder, capture_output=True, text=True, check=False
    )
    assert full.returncode == 1
    assert full.stderr.startswith(
        "modelhub: out.partial: file too large; what is answered is kept in out.partial: once"
    )
    assert not (folder / "out.jsonl").exists()
    done = subprocess.run(
        [sys.executable, "-m", "modelhub", *line], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, len(read_rows(folder / "out.jsonl"))) == (0, 150), done.stderr
    assert len(server.requests) <= 150 + 8
