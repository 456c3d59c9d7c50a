"""`modelhub serve` as a process: how it starts, reads its files again, drains, and watches over its workers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from modelhub.server.gateway.keys import read_callers
from modelhub.testing import MockServer

from .running import Process, chat, write_keys, write_models

COUNT = [{"role": "user", "content": "count: 6"}]


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer(retry_after="", chunk_delay=0.15) as mock:
        yield mock


def refuse(*arguments: str) -> tuple[int, str]:
    """The exit code and what is said of a command that does not start."""
    command = [sys.executable, "-m", "modelhub", "serve", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stdout + done.stderr


def list_names(url: str, key: str | None = None) -> list[str]:
    """The models that are offered."""
    reply = requests.get(f"{url}/v1/models", headers={"x-api-key": key} if key else {}, timeout=20)
    return [model["id"] for model in reply.json().get("data", ())]


def read_end(stream: Iterator[bytes]) -> list[bytes]:
    """The rest of the lines of a stream."""
    return [line for line in stream if line]


def test_without_keys_only_this_machine_is_served(tmp_path: Path, mock: MockServer) -> None:
    models = str(write_models(tmp_path, mock))
    code, said = refuse("-c", models, "--host", "0.0.0.0")
    assert code == 2
    assert "--keys" in said
    keys = tmp_path / "keys.yaml"
    keys.write_text("- name: a\n", "utf-8")
    code, said = refuse("-c", models, "--keys", str(keys))
    assert (code, "keys.yaml:1:3: MH102" in said) == (1, True), said


def test_limits_that_workers_would_not_share_are_refused(tmp_path: Path, mock: MockServer) -> None:
    models = write_models(tmp_path, mock, limits={"rpm": 60})
    keys, _ = write_keys(tmp_path, {"name": "a", "limits": {"rpm": 5}})
    code, said = refuse("-c", str(models), "--keys", str(keys), "--workers", "2")
    assert (code, "the limits of caller 'a' are counted in memory, by each of 2 workers" in said) == (2, True), said


def test_a_new_key_and_its_entry(tmp_path: Path) -> None:
    code, said = refuse("--new-key", "search team")
    match = re.match(r"key: (sk-mh-\S+)\n\n((?:.+\n){2})", said)
    assert code == 0
    assert match is not None
    keys = tmp_path / "keys.yaml"
    keys.write_text(match[2], "utf-8")
    found = read_callers(keys).find({"X-Api-Key": match[1]})
    assert found is not None
    assert found.name == "search team"


def test_files_are_read_again(tmp_path: Path, mock: MockServer) -> None:
    models = write_models(tmp_path, mock)
    keys, (one,) = write_keys(tmp_path, {"name": "one"})
    with Process("-c", str(models), "--keys", str(keys)) as gateway:
        assert re.fullmatch(
            r"modelhub serve is listening on http://127\.0\.0\.1:\d+ \(1 model; 1 caller; [a-z, ]*openai[a-z, ]*\)\n",
            gateway.greeting,
        )
        mock.script("stall")
        stream = chat(gateway.url, one, stream=True, messages=COUNT).iter_lines()
        first = next(stream)
        good = models.read_bytes()
        models.write_text('[{"config_name": "chat", "model_typ": "openai_chat"}]', "utf-8")
        gateway.send(signal.SIGHUP)
        gateway.wait_said("model_typ")
        assert list_names(gateway.url, one) == ["chat"]
        models.write_bytes(good)
        keys.write_text("[]", "utf-8")
        gateway.send(signal.SIGHUP)
        gateway.wait_said("the list of callers is empty")
        assert list_names(gateway.url, one) == ["chat"]
        write_models(tmp_path, mock, ["chat", "more"])
        _, (two,) = write_keys(tmp_path, {"name": "two"})
        gateway.send(signal.SIGHUP)
        gateway.wait_said("generation 2")
        for _ in range(200):
            if names := list_names(gateway.url, two):
                break
        assert names == ["chat", "more"]
        assert list_names(gateway.url, one) == []
        assert mock.in_flight == 1  # the stream goes on
        assert first.startswith(b"data: ")


def test_what_is_under_way_is_waited_for(tmp_path: Path, mock: MockServer) -> None:
    with Process("-c", str(write_models(tmp_path, mock)), "--grace", "20") as gateway:
        streams = [chat(gateway.url, stream=True, messages=COUNT).iter_lines() for _ in range(2)]
        for stream in streams:
            next(stream)
        gateway.send(signal.SIGTERM)
        for _ in range(1000):
            reply = requests.get(f"{gateway.url}/readyz", timeout=20)
            if reply.status_code != 200:
                break
        assert (reply.status_code, reply.text) == (503, "draining\n")
        refused = chat(gateway.url)
        assert (refused.status_code, refused.headers["Connection"]) == (503, "close")
        assert [read_end(stream)[-1] for stream in streams] == [b"data: [DONE]"] * 2
        assert gateway.wait() == (0, "")


def test_what_lasts_longer_is_broken_off(tmp_path: Path, mock: MockServer) -> None:
    with Process("-c", str(write_models(tmp_path, mock)), "--grace", "0.2") as gateway:
        mock.script("stall")
        stream = chat(gateway.url, stream=True, messages=COUNT).iter_lines()
        next(stream)
        gateway.send(signal.SIGTERM)
        assert b'"message":"the server stops, and has broken off the answer"' in read_end(stream)[-1]
        assert gateway.wait() == (0, "")


def test_a_second_signal_ends_it_at_once(tmp_path: Path, mock: MockServer) -> None:
    with Process("-c", str(write_models(tmp_path, mock)), "--grace", "100") as gateway:
        mock.script("stall")
        stream = chat(gateway.url, stream=True, messages=COUNT).iter_lines()
        next(stream)
        gateway.send(signal.SIGINT)
        while requests.get(f"{gateway.url}/readyz", timeout=20).status_code == 200:
            pass
        gateway.send(signal.SIGINT)
        assert b"broken off" in read_end(stream)[-1]
        assert gateway.wait() == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_workers(tmp_path: Path, mock: MockServer) -> None:
    models = write_models(tmp_path, mock)
    with Process("-c", str(models), "--workers", "2", "--watch", "--grace", "5") as gateway:
        before = find_workers(gateway.pid)
        assert len(before) == 2
        streams = [chat(gateway.url, stream=True, messages=COUNT).iter_lines() for _ in range(6)]
        for stream in streams:
            next(stream)
        assert mock.in_flight > 0  # on a busy machine, the first may be over
        os.kill(before[0], signal.SIGKILL)
        gateway.wait_said("worker 1 has ended (killed by SIGKILL); it is started again")
        write_models(tmp_path, mock, ["chat", "more"])
        gateway.wait_said("generation 2")
        ends = [read_whole(stream) for stream in streams]
        assert set(ends) <= {b"data: [DONE]", None}
        assert ends.count(b"data: [DONE]") >= 1
        for _ in range(1000):
            if len(find_workers(gateway.pid)) == 2 and all(list_names_of_any(gateway.url) == 2 for _ in range(8)):
                break
        else:
            pytest.fail("the workers do not offer what the file says")
        pages = [requests.get(f"{gateway.url}/metrics", timeout=20).text for _ in range(4)]
        counted = [
            re.search(r'modelhub_gateway_requests_total\{protocol="openai",status="200"\} (\d+)', p) for p in pages
        ]
        assert len({found[1] for found in counted if found}) == 1  # each worker tells of all
        gateway.send(signal.SIGTERM)
        code, said = gateway.wait()
        assert code == 0
        assert "Traceback" not in said
        assert find_workers(gateway.pid) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_workers_share_budgets_and_end_with_their_parent(tmp_path: Path, mock: MockServer) -> None:
    budget = {"tokens": 1, "store": f"sqlite:{tmp_path / 'usage.db'}"}
    keys, (key,) = write_keys(tmp_path, {"name": "one", "budget": budget})
    arguments = ("-c", str(write_models(tmp_path, mock)), "--keys", str(keys), "--workers", "2")
    with Process(*arguments, TMPDIR=str(tmp_path)) as gateway:
        assert [chat(gateway.url, key).status_code for _ in range(8)] == [200] + [429] * 7
        workers = find_workers(gateway.pid)
        gateway.send(signal.SIGKILL)
        gateway.wait()  # the workers have its stderr, which ends with them
        assert [pid for pid in workers if is_running(pid)] == []


def find_workers(parent: int) -> list[int]:
    """The workers of a process."""
    found = Path(f"/proc/{parent}/task")
    if not found.exists():
        return []
    children = [int(pid) for path in found.glob("*/children") for pid in path.read_text().split()]
    return [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def is_running(pid: int) -> bool:
    """Whether a process runs; one that nobody has buried yet does not."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def read_whole(stream: Iterator[bytes]) -> bytes | None:
    """The last line of a stream, None if it broke off."""
    try:
        return read_end(stream)[-1]
    except requests.RequestException:
        return None


def list_names_of_any(url: str) -> int:
    """How many models are offered by the worker that gets a new connection."""
    try:
        return len(list_names(url))
    except requests.RequestException:
        return 0
