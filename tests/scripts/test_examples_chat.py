"""The chat of scripts/examples, in a pipe and in a terminal."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from modelhub.testing import MockServer

from .example_programs import find_command
from .example_programs import folder as folder
from .example_programs import run as run


@pytest.mark.parametrize(
    ("name", "path", "turns"),
    [
        ("gpt", "/v1/chat/completions", lambda sent: sent["messages"]),
        ("claude", "/v1/messages", lambda sent: sent["messages"]),
        ("gemini", "/v1beta/models/gemini-2.5-flash:streamGenerateContent", lambda sent: sent["contents"]),
        (
            "qwen",
            "/api/v1/services/aigc/text-generation/generation",
            lambda sent: sent["input"]["messages"],
        ),
        ("glm", "/api/paas/v4/chat/completions", lambda sent: sent["messages"]),
        ("llama", "/api/chat", lambda sent: sent["messages"]),
    ],
)
def test_one_line_of_the_config_changes_the_vendor(
    run: Any, folder: Path, server: MockServer, name: str, path: str, turns: Any
) -> None:
    config = (folder / "models.yaml").read_text("utf-8")
    changed = config.replace("extends: gpt #", f"extends: {name} #")
    assert sum(a != b for a, b in zip(config.split("\n"), changed.split("\n"), strict=True)) == (name != "gpt")
    (folder / "models.yaml").write_text(changed, "utf-8")
    done = run("chat.py", input="echo: red\necho: green\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "red\ngreen\n", "")
    assert [request.path for request in server.requests] == [path, path]
    said = turns(server.requests[1].json)
    assert [turn["role"] for turn in said] == ["user", "model" if name == "gemini" else "assistant", "user"]
    assert "red" in json.dumps(said[1])


class Terminal:
    """A program in a terminal of its own, for the time of a block."""

    def __init__(self, command: str, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(command.split(), cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self._shown = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def wait_for(self, text: str) -> str:
        """What is shown before ``text`` is."""
        while text not in self._shown:
            try:
                data = os.read(self._ours, 4096)
            except OSError:  # so Linux says that nobody writes any more
                data = b""
            assert data, f"{text!r} never came, but {self._shown!r}"
            self._shown += data.decode("utf-8", "replace")
        before, _, self._shown = self._shown.partition(text)
        return before


def test_ctrl_c_keeps_what_has_arrived_and_ctrl_d_ends(run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MockServer(chunk_delay=0.02) as slow:
        monkeypatch.setenv("MOCK_URL", slow.url)
        with Terminal(find_command(folder / "chat.py"), folder) as terminal:
            terminal.wait_for("> ")
            terminal.type("count: 3000\n")
            terminal.wait_for("1 2 3 4")
            terminal.process.send_signal(signal.SIGINT)
            seen = "1 2 3 4" + terminal.wait_for(" [stopped]")
            terminal.wait_for("> ")
            terminal.type("echo: still here\n")
            terminal.wait_for("still here\r\n> ")
            terminal.type("\x04")
            assert terminal.process.wait(20) == 0
        question, kept, last = slow.requests[1].json["messages"]
    assert (question["content"], last["content"]) == ("count: 3000", "echo: still here")
    assert kept["role"] == "assistant" and kept["content"].startswith(seen) and "3000" not in kept["content"]


def test_ctrl_c_before_anything_has_arrived_forgets_the_question(run: Any, folder: Path, server: MockServer) -> None:
    server.script("hang", "500;x-should-retry=false", "ok")
    with Terminal(find_command(folder / "chat.py"), folder) as terminal:
        terminal.wait_for("> ")
        terminal.type("echo: lost\n")
        assert server.wait_until(lambda: len(server.requests) == 1, 20)
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("> ")
        terminal.type("echo: refused\n")
        assert "HTTP 500" in terminal.wait_for("> ")
        terminal.type("echo: kept\n")
        terminal.wait_for("\r\nkept\r\n> ")
    assert server.requests[2].json["messages"] == [{"role": "user", "content": "echo: kept"}]
