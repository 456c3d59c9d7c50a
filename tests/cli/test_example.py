"""`modelhub example`: programs that run as the printed line says, written beside what is there, never over it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelhub.authoring.programs import PROGRAMS
from modelhub.cli.app import cli
from modelhub.testing import MockServer


@pytest.fixture
def environment(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An empty folder, and the environment of a shell in it that has the mock."""
    monkeypatch.chdir(tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    yield {**os.environ, "PATH": path, "MODELHUB_PROFILE": "mock", "MOCK_URL": server.url}


def write(name: str, *more: str) -> Result:
    return CliRunner().invoke(cli, ["example", name, *more])


@pytest.mark.parametrize("name", sorted(set(PROGRAMS) - {"fastapi"}))
def test_the_line_runs(name: str, server: MockServer, environment: dict[str, str]) -> None:
    done = write(name, "-o", "to play")
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    ran = subprocess.run(
        line, shell=True, input="echo: hello\n", env=environment, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() or Path("to play/labels.jsonl").exists()
    assert server.requests


@pytest.mark.skipif(not (find_spec("fastapi") and find_spec("uvicorn")), reason="needs fastapi and uvicorn")
def test_the_web_service(server: MockServer, environment: dict[str, str], unused_port: int) -> None:
    line = write("fastapi", "-o", ".").stdout
    assert line == "pip install fastapi uvicorn && python web.py\n"
    with subprocess.Popen(
        ["python", "web.py", "--port", str(unused_port)], env=environment, stderr=subprocess.PIPE
    ) as ran:
        try:
            url = f"http://127.0.0.1:{unused_port}"
            assert b"chat" in ask(ran, f"{url}/models")
            server.script("ok", "400")
            assert ask(ran, f"{url}/chat", b'{"text": "echo: hello"}') == b"hello"
            with pytest.raises(urllib.error.HTTPError, match="400"):
                ask(ran, f"{url}/chat", b'{"text": "echo: hello"}')
            with pytest.raises(urllib.error.HTTPError, match="404"):
                ask(ran, f"{url}/chat", b'{"text": "echo: hello", "model": "gtp"}')
        finally:
            ran.terminate()


def ask(ran: subprocess.Popen[bytes], url: str, body: bytes | None = None) -> bytes:
    """What the service replies, once it is there."""
    until = time.monotonic() + 30
    while True:
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=20) as reply:
                return bytes(reply.read())
        except urllib.error.HTTPError:
            raise
        except OSError:
            if ran.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.usefixtures("environment")
def test_nothing_is_overwritten() -> None:
    Path("agent").mkdir()
    Path("agent/models.yaml").write_text("mine")
    done = write("agent")
    assert done.exit_code == 1
    assert str(Path("agent/models.yaml")) in str(done.exception)
    assert [path.name for path in Path("agent").iterdir()] == ["models.yaml"]
    assert Path("agent/models.yaml").read_text() == "mine"
    assert (
        write("chat", "-o", ".").exit_code == write("vision", "-o", ".").exit_code == write("chat", "-o", ".").exit_code
    )
    assert sorted(path.name for path in Path().glob("*.*")) == ["chat.py", "models.yaml", "picture.png", "vision.py"]
    assert write("nonsense").exit_code == 2


def test_without_a_key_two_lines_say_what_to_set(environment: dict[str, str]) -> None:
    (line,) = write("chat").stdout.splitlines()
    bare = {name: value for name, value in environment.items() if name not in ("MODELHUB_PROFILE", "OPENAI_API_KEY")}
    ran = subprocess.run(line, shell=True, input="hello\n", env=bare, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert len(ran.stderr.splitlines()) <= 2 and "set OPENAI_API_KEY" in ran.stderr
