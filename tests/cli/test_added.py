"""Commands of plugins: they are listed and run like all others, and a broken one takes nothing away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

HELLO = """
import click
from modelhub.hooks import hookimpl

print("noise")

@hookimpl
def add_commands(cli):
    @cli.command()
    @click.argument("name")
    def hello(name):
        "Greet somebody."
        click.echo(f"hello {name}")

    @cli.command()
    def validate():
        "Not that of modelhub."
        click.echo("mine")
"""
BROKEN = {
    "raises": "raise RuntimeError('odd')",
    "exits": "raise SystemExit(7)",
    "raises_late": "from modelhub.hooks import hookimpl\n@hookimpl\ndef add_commands(cli):\n    raise OSError('odd')",
    "exits_late": "from modelhub.hooks import hookimpl\n@hookimpl\ndef add_commands(cli):\n    exit(7)",
    "no_command": "from modelhub.hooks import hookimpl\n@hookimpl\ndef add_commands(cli):\n    cli.commands['x'] = 4",
    "again": HELLO.replace("hello {name}", "not this one"),
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command where plugins are installed: modules by name."""

    def run(plugins: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        for name, text in plugins.items():
            (tmp_path / f"odd_{name}.py").write_text(text)
            info = tmp_path / f"odd_{name}-1.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: odd-{name}\nVersion: 1\n")
            (info / "entry_points.txt").write_text(f"[modelhub]\n{name} = odd_{name}\n")
        command = [sys.executable, "-P", "-m", "modelhub", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "NO_COLOR": "1"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def test_a_command_is_listed_and_run(run: Run) -> None:
    listed = run({"a_hello": HELLO, **BROKEN}, "--help")
    assert listed.returncode == 0
    assert "  hello         Greet somebody.\n" in listed.stdout
    assert "  validate      Check config files.\n" in listed.stdout
    assert "noise" not in listed.stdout
    assert "OSError: odd" in listed.stderr
    assert "SystemExit: 7" in listed.stderr
    assert listed.stderr.count("'hello'") == 1  # which the second one wants, too


def test_its_own_arguments(run: Run) -> None:
    done = run({"a_hello": HELLO}, "hello", "you")
    assert (done.returncode, done.stdout) == (0, "hello you\n")


def test_the_commands_of_modelhub_load_no_plugin(run: Run) -> None:
    done = run({"a_hello": HELLO}, "types")
    assert done.returncode == 0
    assert "noise" not in done.stderr
    assert "openai_chat" in done.stdout


def test_an_unknown_command(run: Run) -> None:
    done = run(BROKEN, "helo")
    assert done.returncode == 2
    assert "No such command 'helo'" in done.stderr
