"""What the commands do where their output is not wanted, has no room, or where a stream is closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from modelhub.cli.app import COMMANDS as COMMANDS_BY_NAME
from modelhub.testing import MockServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes")

COMMANDS = {
    "": "--help",
    "adapter": "adapter infer --reply reply.json",
    "batch": "batch in.jsonl -c models.yaml -m gpt -o -",
    "bench": "bench gpt --config models.yaml -c 1,2 -n 2",
    "call": "call gpt hello -c models.yaml",
    "example": "example chat -o made",
    "chat": "chat --help",
    "diff": "diff models.yaml models.yaml",
    "docs": "docs --print",
    "explain": "explain -c models.yaml gpt",
    "explain-code": "explain-code MH103",
    "fix": "fix models.yaml",
    "import": "import litellm litellm.yaml",
    "list": "list -c models.yaml",
    "mock": "mock --port 0",
    "new": "new openai_chat gpt",
    "new-plugin": "new-plugin --help",
    "plugins": "plugins",
    "schema": "schema",
    "serve": "serve --new-key me",
    "show": "show gpt -c models.yaml",
    "stubs": "stubs -c models.yaml",
    "types": "types",
    "usage": "usage --store usage.db",
    "validate": "validate models.yaml",
    "watch": "watch models.yaml",
}
# What lets those that would go on for ever fail.
ENDLESS = {"mock": "--faults nonsense", "watch": "--profile nonsense"}
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@pytest.fixture(params=["buffered", "unbuffered"])
def env(request: pytest.FixtureRequest) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return env if request.param == "buffered" else {**env, "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def folder(tmp_path: Path, server: MockServer) -> Path:
    v1 = f"{{base_url: {server.url}/v1}}"
    text = f"- {{config_name: gpt, model_type: openai_chat, api_key: '${{KEY:-k}}', client_args: {v1}}}\n"
    (tmp_path / "models.yaml").write_text(text)
    (tmp_path / "broken.yaml").write_text("config_name: a\nmodel_type: openai_chat\ntop: 1\n")
    (tmp_path / "litellm.yaml").write_text(
        "model_list: [{model_name: gpt, litellm_params: {model: openai/gpt-4o, api_key: os.environ/KEY}}]\n"
    )
    (tmp_path / "in.jsonl").write_text('{"text": "hello"}\n')
    (tmp_path / "reply.json").write_text('{"answer": "It is fine."}')
    return tmp_path


def run(folder: Path, env: dict[str, str], arguments: str, **streams: Any) -> tuple[int, str]:
    """The exit status of the command, and what it says on stderr."""
    command = [sys.executable, "-W", "error", "-m", "modelhub", *arguments.split()]
    streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
    done = subprocess.run(command, cwd=folder, env=env, text=True, check=False, timeout=60, **streams)
    return done.returncode, done.stderr or ""


def run_in_shell(folder: Path, env: dict[str, str], line: str) -> tuple[int, str, str]:
    line = line.replace("modelhub", f"{sys.executable} -W error -m modelhub")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def open_left_pipe() -> IO[bytes]:
    """The end to write to of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "wb", 0)


def test_every_command_is_tested() -> None:
    assert sorted(filter(None, COMMANDS)) == sorted(COMMANDS_BY_NAME)


@pytest.mark.parametrize("arguments", [*COMMANDS.values(), "--version", "call gpt hello -c models.yaml --stream"])
def test_nobody_reads(folder: Path, env: dict[str, str], arguments: str) -> None:
    with open_left_pipe() as pipe:
        code, said = run(folder, env, arguments, stdout=pipe)
    assert (code, said.replace("1 model converted\n", "")) == (0, "")
    with open_left_pipe() as pipe:
        assert run(folder, env, arguments, stdout=pipe, stderr=pipe) == (0, "")


@full
@pytest.mark.parametrize("arguments", [*COMMANDS.values(), "--version", "call gpt hello -c models.yaml --stream"])
def test_there_is_no_room(folder: Path, env: dict[str, str], arguments: str) -> None:
    with open("/dev/full", "w") as device:
        code, said = run(folder, env, arguments, stdout=device)
        assert (code, said) == (74, "modelhub: the output cannot be written: no space left on device\n")
        assert run(folder, env, arguments, stdout=device, stderr=device) == (74, "")


@full
@pytest.mark.parametrize("place", ["/dev/full", "no/such/folder/out.yaml", "models.yaml/out.yaml", "a" * 300])
@pytest.mark.parametrize("arguments", ["schema", "schema openai_chat", "import litellm litellm.yaml --force"])
def test_the_file_cannot_be_written(folder: Path, env: dict[str, str], arguments: str, place: str) -> None:
    code, said = run(folder, env, f"{arguments} -o {place}")
    assert code == 74
    assert said.startswith(f"modelhub: {place} cannot be written: ")
    assert said.count("\n") == 1
    assert run(folder, env, f"{arguments} -o .")[0] == 2


@full
@pytest.mark.parametrize(
    ("arguments", "code"), [("show gtp -c models.yaml", 1), ("nonsense", 2), ("validate -", 1), ("list -c no", 1)]
)
def test_there_is_no_room_for_an_error(folder: Path, env: dict[str, str], arguments: str, code: int) -> None:
    with open("/dev/full", "w") as device:
        assert run(folder, env, arguments, stdout=subprocess.DEVNULL, stderr=device) == (code, "")


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_outputs(folder: Path, env: dict[str, str], name: str, closed: str) -> None:
    if name in ENDLESS:
        closed = f"{ENDLESS[name]} {closed}"
    code, printed, said = run_in_shell(folder, env, f"modelhub {COMMANDS[name]} {closed}")
    assert (code, printed) == (1 if name in ENDLESS else 0, "")
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", ["validate -", "import litellm -", "call gpt - -c models.yaml"])
def test_closed_input(folder: Path, env: dict[str, str], arguments: str) -> None:
    code, printed, said = run_in_shell(folder, env, f"modelhub {arguments} <&-")
    assert (code, printed) == (2, "")
    assert said.endswith("Error: standard input is closed; give it something to read, or name a file\n")
    code, printed, said = run_in_shell(folder, env, f"modelhub {arguments} 0>output")  # one cannot read from it
    assert (code, printed) == (2, "")
    assert said.endswith("Error: standard input cannot be read: not readable\n") or "bad file descriptor" in said


@pytest.mark.parametrize(("file", "code"), [("models.yaml", 0), ("broken.yaml", 1)])
def test_a_verdict_that_nobody_reads_to_its_end(folder: Path, env: dict[str, str], file: str, code: int) -> None:
    with open_left_pipe() as pipe:
        assert run(folder, env, f"validate {file}", stdout=pipe) == (code, "")


@pytest.mark.parametrize(
    "line", ["modelhub schema | head -c 1", "modelhub types --json | head -n 1", "modelhub list -c models.yaml | true"]
)
def test_pipes(folder: Path, env: dict[str, str], line: str) -> None:
    code, _, said = run_in_shell(folder, env, line)
    assert (code, said) == (0, "")


def test_an_output_that_lacks_characters(folder: Path, env: dict[str, str]) -> None:
    (folder / "wide.yaml").write_text("{config_name: é中🙂, model_type: openai_chat}\n", "utf-8")
    command = [sys.executable, "-W", "error", "-m", "modelhub", "list", "wide.yaml", "--json"]
    for encoding in ("latin-1", "gbk"):
        told = {**env, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, cwd=folder, env=told, capture_output=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")
        assert json.loads(done.stdout.decode(encoding))[0]["config_name"] == "é中🙂"


def test_what_a_class_of_the_program_raises_does_nothing_to_a_terminal(folder: Path, env: dict[str, str]) -> None:
    (folder / "own.py").write_text(
        "from modelhub import ModelWrapperBase\n"
        "class Own(ModelWrapperBase):\n    model_type = 'own'\n"
        "    def __call__(self, text):\n        raise ValueError('no \\x1b[31m' + 'x' * 100_000)\n"
    )
    (folder / "own.yaml").write_text("{config_name: mine, model_type: own}\n")
    code, said = run(folder, env, "call mine hello -c own.yaml --import own")
    assert (code, len(said) < 10_000, "\x1b" in said) == (1, True, False)
    assert "ValueError: no \\x1b[31mxxx" in said
