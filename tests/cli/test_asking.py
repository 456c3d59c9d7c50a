"""What is asked with `modelhub call` and `modelhub chat`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.testing import MockServer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MockServer) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    (tmp_path / "models.yaml").write_text(
        "- {config_name: gpt, model_type: openai_chat, model_name: m}\n"
        "- {config_name: two, model_type: openai_chat, model_name: n, retry: {max_attempts: 1}}\n"
        "- {config_name: emb, model_type: openai_embedding}\n"
    )
    (tmp_path / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n0000")
    (tmp_path / "sound").write_bytes(b"RIFF0000WAVEfmt ")
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.4\n")
    return tmp_path


def run(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, arguments, input=given)
    return done.exit_code, done.stdout, done.stderr


def test_instructions_options_and_files(folder: Path, server: MockServer) -> None:
    options = ["-o", "temperature=0.5", "-o", "user=me", "-o", 'stop=["x"]']
    files = ["-a", "cat.png", "-a", "sound", "-a", "paper.pdf"]
    assert run("call", "gpt", "echo: hi", "-s", "Be short.", *options, *files)[:2] == (0, "hi\n")
    body: Any = server.requests[-1].json
    assert (body["temperature"], body["user"], body["stop"]) == (0.5, "me", ["x"])
    system, user = body["messages"]
    assert system == {"role": "system", "content": "Be short."}
    assert [part["type"] for part in user["content"]] == ["image_url", "input_audio", "file", "text"]


def test_the_question_is_read(folder: Path) -> None:
    assert (
        run("call", "gpt", given="echo: piped")[:2]
        == run("call", "gpt", "-", given="echo: piped")[:2]
        == (0, "piped\n")
    )


@pytest.mark.parametrize("arguments", ["-o temperature", "-o =1", "-a gone.png"])
def test_what_is_no_question(folder: Path, arguments: str) -> None:
    assert run("call", "gpt", "hi", *arguments.split())[0] == 2


def test_a_talk(folder: Path, server: MockServer) -> None:
    lines = "echo: one\n\n/model tow\n/model two\n/model emb\necho: two\n"
    code, printed, said = run("chat", "gpt", "-s", "Be short.", "-o", "temperature=0", given=lines)
    assert (code, printed) == (1, "one\ntwo\n")  # two lines named no chat model
    assert "did you mean 'two'?" in said and "'emb' does embedding" in said
    body: Any = server.requests[-1].json
    assert (body["model"], body["temperature"], body["stream"]) == ("n", 0, True)
    assert [(each["role"], each["content"]) for each in body["messages"]] == [
        ("system", "Be short."),
        ("user", "echo: one"),
        ("assistant", "one"),
        ("user", "echo: two"),
    ]


def test_a_question_that_fails_is_forgotten(folder: Path, server: MockServer) -> None:
    server.script("500")
    code, printed, said = run("chat", "two", given="echo: one\necho: two\n")
    assert (code, printed) == (1, "two\n")
    assert "two (openai_chat)" in said
    body: Any = server.requests[-1].json
    assert [each["content"] for each in body["messages"]] == ["echo: two"]
    assert run("chat", "emb", given="hi\n")[0] == 1


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_talk_on_a_terminal(folder: Path, server: MockServer) -> None:
    import pty

    ours, theirs = pty.openpty()
    program = (
        "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "import sys; sys.argv = ['modelhub', 'chat', 'gpt']\nfrom modelhub.cli import main; main()"
    )
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen([sys.executable, "-c", program], start_new_session=True, **streams) as process:
        os.close(theirs)
        seen = b""

        def read(until: bytes) -> bytes:
            nonlocal seen
            while until not in seen:
                seen += os.read(ours, 4096)
            before, _, seen = seen.partition(until)
            return before

        read(b"gpt> ")
        server.script("stall")
        os.write(ours, b"count: 9\n")
        read(b"1 2")
        os.write(ours, b"\x03")
        assert b"stopped" in read(b"gpt> ")
        os.write(ours, b"/model two\n")
        read(b"two> ")
        os.write(ours, b"echo: \\x1b and again\n")
        assert b"again" in read(b"two> ")
        os.write(ours, b"\x04")
        assert process.wait(20) == 0
    os.close(ours)
    body: Any = server.requests[-1].json
    assert [each["content"] for each in body["messages"]][:2] == ["count: 9", "1 2"]


@pytest.mark.parametrize("terminal", [False, True])
def test_an_answer_does_nothing_to_a_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool
) -> None:
    from modelhub.cli.printing import write_answer

    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    answer = "a\tb\n\x1b[31m" + "long " * 1000
    assert write_answer(answer) == (answer.replace("\x1b", "\\x1b") if terminal else answer)
