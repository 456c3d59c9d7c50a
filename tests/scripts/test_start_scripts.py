"""The start scripts of local model servers: what they would run, which config they print, and what they refuse."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from modelhub.cli.app import cli

from ..paths import ROOT
from .start_script import SCRIPTS, run, script

ENGINES = sorted(path.parent.name for path in SCRIPTS.glob("*/engine.py"))

# Python is {python}, the folder of the scripts {scripts}; the model is org/model, or model.gguf for llama.cpp.
COMMANDS = {
    "fastchat": [
        "env LOGDIR= {python} -m fastchat.serve.controller --host 127.0.0.1 --port 7001",
        "env LOGDIR= {python} -m fastchat.serve.model_worker --host 127.0.0.1 --port 7002"
        " --worker-address http://127.0.0.1:7002 --controller-address http://127.0.0.1:7001"
        " --model-path org/model --model-names model --device cpu --extra 'two words'",
        "env LOGDIR= {python} -m fastchat.serve.openai_api_server --host 0.0.0.0 --port 7000"
        " --controller-address http://127.0.0.1:7001",
    ],
    "flask_modelscope": [
        "{python} {scripts}/flask_modelscope/server.py --model org/model --host 0.0.0.0 --port 7000 --device cpu"
        " --name model --extra 'two words'"
    ],
    "flask_transformers": [
        "{python} {scripts}/flask_transformers/server.py --model org/model --host 0.0.0.0 --port 7000 --device cpu"
        " --name model --extra 'two words'"
    ],
    "llama_cpp": [
        "llama-server --model model.gguf --alias model --host 0.0.0.0 --port 7000 --n-gpu-layers 0 --extra 'two words'"
    ],
    "ollama": [
        "env OLLAMA_HOST=0.0.0.0:7000 ollama serve  # unless it runs already",
        "{python} {scripts}/ollama/provide.py http://127.0.0.1:7000 org/model --extra 'two words'",
    ],
    "transformers_serve": [
        "{python} -c 'from transformers.cli.transformers import main; main()' serve org/model --host 0.0.0.0"
        " --port 7000 --device cpu --extra 'two words'"
    ],
    "vllm": [
        "{python} -m vllm.entrypoints.cli.main serve org/model --served-model-name org/model --host 0.0.0.0"
        " --port 7000 --enforce-eager --extra 'two words'"
    ],
}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Where there is a llama-server, so that it is what llama.cpp is served with."""
    program = tmp_path / "llama-server"
    program.touch(mode=0o755)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}


def test_every_engine_is_tested() -> None:
    assert list(COMMANDS) == ENGINES


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dry_run_prints_the_commands_and_a_valid_config(engine: str, tmp_path: Path, env: dict[str, str]) -> None:
    link = tmp_path / "linked.sh"
    link.symlink_to(script(engine))
    model = "model.gguf" if engine == "llama_cpp" else "org/model"
    arguments = ["-m", model, "-p", "7000", "--host", "0.0.0.0", "--device", "cpu", "--dry-run"]
    config_path = tmp_path / "config.yaml"
    arguments += ["--write-config", str(config_path), "--", "--extra", "two words"]
    done = run(engine, *arguments, path=link, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    expected = [
        line.replace("{python}", sys.executable).replace("{scripts}", str(SCRIPTS)) for line in COMMANDS[engine]
    ]
    assert done.stderr == "".join(f"+ {line}\n" for line in expected)
    assert not config_path.exists()
    configs = yaml.safe_load(done.stdout)
    assert configs[0]["config_name"] == "model"
    assert all("http://127.0.0.1:7000" in json.dumps(config) for config in configs)
    config_path.write_text(done.stdout)
    checked = CliRunner().invoke(cli, ["validate", "--strict", str(config_path)])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize("engine", [engine for engine in ENGINES if not engine.startswith("flask")])
def test_the_config_in_the_folder_is_the_one_that_is_printed(engine: str, env: dict[str, str]) -> None:
    (example,) = re.findall(r'^EXAMPLE = "(.*)"$', (SCRIPTS / engine / "engine.py").read_text("utf-8"), re.M)
    (path,) = (SCRIPTS / engine).glob("model_config.*")
    printed = yaml.safe_load(run(engine, "-m", example, "--dry-run", env=env).stdout)
    assert yaml.safe_load(path.read_text("utf-8")) == printed
    assert CliRunner().invoke(cli, ["validate", "--strict", str(path)]).exit_code == 0


@pytest.mark.parametrize(
    "name", ["plain", "7b", "1:30", "yes", "No", "über", 'a "quoted" name', "x: y", "# no comment"]
)
def test_names_that_yaml_would_read_as_something_else(name: str) -> None:
    done = run("vllm", "-m", "org/model", "--name", name, "--host", "::1", "--dry-run")
    (config,) = yaml.safe_load(done.stdout)
    assert (config["config_name"], config["model_name"]) == (name, name)
    assert config["client_args"]["base_url"] == "http://[::1]:8000/v1"


@pytest.mark.parametrize(
    ("engine", "arguments", "problem"),
    [
        ("vllm", "", "the following arguments are required: -m/--model"),
        ("vllm", "-m", "expected one argument"),
        ("vllm", "-m ''", "argument -m/--model: it is empty"),
        ("vllm", "-m a -p 0", "argument -p/--port: '0' is not a port from 1 to 65535"),
        ("vllm", "-m a -p 65536", "argument -p/--port: '65536' is not a port from 1 to 65535"),
        ("vllm", "-m a -p http", "argument -p/--port: 'http' is not a port from 1 to 65535"),
        ("vllm", "-m a --device tpu", "argument --device: invalid choice: 'tpu'"),
        ("vllm", "-m a --dry", "unrecognized arguments: --dry"),
        ("vllm", "-m a --max-model-len 10", "unrecognized arguments: --max-model-len 10"),
        ("vllm", "-m a --write-config a.txt", "--write-config: a.txt ends neither in .yaml or .yml nor in .json"),
        ("vllm", "-m a --write-config no/a.yaml", "--write-config: there is no folder no"),
        ("fastchat", "-m a -p 65534", "-p 65534: FastChat needs the two ports above it, too"),
        ("llama_cpp", "-m no.gguf", "-m no.gguf: there is no such file"),
        ("ollama", "-m no.gguf", "-m no.gguf: there is no such file"),
    ],
)
def test_wrong_usage(engine: str, arguments: str, problem: str, tmp_path: Path) -> None:
    done = run(engine, *shlex.split(arguments), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{engine}_setup.sh: " in done.stderr and problem in done.stderr


def test_an_engine_that_nobody_knows() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "serving" / "start.py"), "vlm"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"ENGINE is one of {', '.join(ENGINES)}" in done.stderr


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_that_is_not_installed(engine: str, tmp_path: Path, unused_port: int) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')  # without its site-packages
    bare.chmod(0o755)
    model = tmp_path / "model.gguf"
    model.touch()
    env = {"PYTHON": str(bare), "PATH": "/usr/bin:/bin"}
    done = run(engine, "-m", str(model), "-p", str(unused_port), env=env)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    missing = "the program (ollama|llama-server)" if engine in ("ollama", "llama_cpp") else "the module .*; PYTHON="
    assert re.match(rf"{engine}_setup\.sh: \w+ needs {missing}", line)
    assert "install" in line


@contextlib.contextmanager
def run_registry(pulled: list[dict[str, Any]]) -> Iterator[str]:
    """An Ollama that runs already and has no models, whose pulls go as told; its port."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, b'{"version": "0.9.3"}')

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/api/pull":
                self.answer(200, b"".join(json.dumps(line).encode() + b"\n" for line in pulled))
            else:
                self.answer(404, b'{"error": "model not found"}')

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield str(server.server_port)
        server.shutdown()
        thread.join()


def test_a_model_is_pulled_by_an_ollama_that_runs_already() -> None:
    with run_registry([{"status": "pulling manifest"}, {"status": "success"}]) as port:
        done = run("ollama", "-m", "qwen2.5:0.5b", "-p", port)
    assert done.returncode == 0, done.stderr  # nothing of ours runs, so there is nothing to wait for
    assert "[provide] pulling manifest\n[provide] success\n" in done.stderr
    assert [config["model_name"] for config in yaml.safe_load(done.stdout)] == ["qwen2.5:0.5b"] * 2


@pytest.mark.parametrize(
    ("pulled", "problem"),
    [
        ([{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}], "does not exist"),
        ([{"status": "pulling manifest"}], "/api/pull stops after 'pulling manifest', without success"),
    ],
)
def test_a_pull_that_fails_with_status_200(pulled: list[dict[str, Any]], problem: str) -> None:
    with run_registry(pulled) as port:
        done = run("ollama", "-m", "nope", "-p", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert "provide ended with exit status 1" in done.stderr
    assert problem in done.stderr.splitlines()[-1]


def find_commands() -> list[tuple[str, str]]:
    """Each line that documents a start script, with the page that it is on."""
    pages = [ROOT / "docs" / "local-servers.md", *sorted(SCRIPTS.glob("*/README.md"))]
    found = []
    for page in pages:
        for block in re.findall(r"^```sh\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S):
            found += [(str(page.relative_to(ROOT)), line) for line in block.splitlines() if "_setup.sh" in line]
    return found


@pytest.mark.parametrize(("page", "command"), find_commands())
def test_documented_commands(page: str, command: str, tmp_path: Path) -> None:
    """Where one would start something, it is told to say what."""
    before, dashes, after = command.partition(" -- ")
    env = {**os.environ, "PYTHON": sys.executable}
    text = before.partition(" > ")[0] + " --dry-run" + dashes + after
    done = subprocess.run(
        text.replace("PYTHON=", "OTHER="), shell=True, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    path = tmp_path / "config.yaml"
    path.write_text(done.stdout)
    assert CliRunner().invoke(cli, ["validate", "--strict", str(path)]).exit_code == 0
