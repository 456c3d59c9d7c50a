"""The start scripts with a made-up engine, in every way that it can end: no process may be left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelhub import ModelRegistry

from .start_script import GUARD_SECONDS, SCRIPTS, Started, linux, run

# Serves as the file of the "model" says, and writes down who it is: its own pid, and that of a child of its own.
FAKE_SERVER = """\
import argparse, http.server, os, subprocess, sys, time
parser = argparse.ArgumentParser()
for name in ("model", "alias", "host", "port"):
    parser.add_argument("--" + name)
arguments = parser.parse_args()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(arguments.model + ".started", "a") as file:
    file.write("started\\n")
what = open(arguments.model).read()
if what == "die":
    print("loading")
    sys.exit("out of memory")
if what == "hang":
    time.sleep(600)

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(9)
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer((arguments.host, int(arguments.port)), Answers).serve_forever()
"""


@pytest.fixture
def fake(tmp_path: Path, unused_port: int) -> dict[str, Any]:
    """What starts a made-up llama-server, which the file of the model tells what to do."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "llama-server"
    program.write_text(f"#!{sys.executable}\n{FAKE_SERVER}")
    program.chmod(0o755)
    model = tmp_path / "model.gguf"
    model.write_text("serve")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    # Nothing listens on port 9: what goes through the proxy fails.
    return {"model": model, "port": str(unused_port), "env": {"PATH": path, "http_proxy": "http://127.0.0.1:9"}}


@pytest.fixture
def start(fake: dict[str, Any]) -> Iterator[Any]:
    """Start the made-up engine with more arguments."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> Started:
            started = Started("llama_cpp", "-m", str(fake["model"]), "-p", fake["port"], *arguments, env=fake["env"])
            stack.callback(started.close)
            return started

        yield start


@linux
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGKILL, -9)]
)
def test_nothing_is_left_of_a_server_that_is_stopped(start: Any, number: int, status: int) -> None:
    started = start("--name", "mine")
    started.wait_for("; ctrl-C stops it\n")
    assert len(started.find_processes()) >= 4  # the script, the leash, the server, its child
    assert started.end(number) == status
    if status:
        started.wait_for_nothing()  # nobody was there to wait
    assert started.find_processes() == []
    (config,) = yaml.safe_load(started.process.stdout.read())
    assert (config["config_name"], config["model_name"]) == ("mine", "mine")


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_start_that_is_interrupted(start: Any, fake: dict[str, Any], number: int) -> None:
    fake["model"].write_text("hang")
    started = start()
    deadline = time.monotonic() + GUARD_SECONDS
    while not Path(f"{fake['model']}.started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert started.end(number) == (-9 if number == signal.SIGKILL else 128 + number)
    started.wait_for_nothing()
    assert started.process.stdout.read() == ""


@linux
def test_an_engine_that_dies_at_the_start(start: Any, fake: dict[str, Any]) -> None:
    fake["model"].write_text("die")
    started = start()
    assert started.end() == 1
    assert started.log.endswith("llama_cpp ended with exit status 1; its last lines:\n    loading\n    out of memory\n")
    assert started.find_processes() == []
    assert started.process.stdout.read() == ""


@linux
def test_an_engine_that_dies_while_it_serves(start: Any, fake: dict[str, Any]) -> None:
    started = start()
    started.wait_for("ctrl-C stops it")
    with contextlib.suppress(OSError):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://127.0.0.1:{fake['port']}/die", timeout=GUARD_SECONDS
        )
    assert started.end() == 1
    assert "llama_cpp ended with exit status 9" in started.log
    assert started.find_processes() == []


@linux
def test_an_engine_that_never_answers(start: Any, fake: dict[str, Any]) -> None:
    fake["model"].write_text("hang")
    started = start("--wait", "0.5")
    assert started.end() == 1
    assert started.log.endswith(f"llama_cpp does not answer at http://127.0.0.1:{fake['port']}/health after 0.5 s\n")
    assert started.find_processes() == []


@linux
def test_what_ignores_every_request_to_end_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    stubborn = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(ready)!r}, 'w').close()"
    quick = f"import sys; sys.path.insert(0, {str(SCRIPTS / 'serving')!r}); import leash; leash.GRACE_SECONDS = 0.2"
    command = [sys.executable, "-c", f"{quick}; sys.exit(leash.main())", sys.executable]
    with subprocess.Popen([*command, "-c", f"{stubborn}; time.sleep(600)"], stdin=subprocess.PIPE) as leash:
        deadline = time.monotonic() + GUARD_SECONDS
        while not ready.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert leash.stdin is not None
        leash.stdin.close()
        assert leash.wait(GUARD_SECONDS) == 128 + signal.SIGKILL


def test_a_port_that_is_taken(fake: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("llama_cpp", "-m", str(fake["model"]), "-p", port, env=fake["env"])
    assert (done.returncode, done.stdout) == (1, "")
    assert f"llama_cpp cannot listen on 127.0.0.1 port {port}: Address already in use; choose another" in done.stderr
    assert not Path(f"{fake['model']}.started").exists()


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_the_config_is_written_and_validated(start: Any, fake: dict[str, Any], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"config.{suffix}"
    for _ in range(2):  # the second time it is there already, and the same
        started = start("--write-config", str(path))
        started.wait_for("ctrl-C stops it")
        assert started.end(signal.SIGTERM) == 0
        assert "1 config ok" in started.log
    text = path.read_text("utf-8")
    read = json.loads(text) if suffix == "json" else yaml.safe_load(text)
    assert read == yaml.safe_load(started.process.stdout.read())
    with ModelRegistry(path) as hub:
        assert hub.names() == ["model"]


def test_another_config_is_not_overwritten(fake: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("- mine\n")
    done = run("llama_cpp", "-m", str(fake["model"]), "--write-config", str(path), env=fake["env"])
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path} is there and has another config" in done.stderr
    assert path.read_text() == "- mine\n"
    assert not Path(f"{fake['model']}.started").exists()
