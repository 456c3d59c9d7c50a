"""The watch command says what changes, and what is refused and where."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.cli.commands.watch import describe
from modelhub.errors import ConfigError, Problem
from modelhub.registry.report import ReloadReport

A = "{config_name: a, model_type: openai_chat, model_name: m}"
B = "{config_name: b, model_type: openai_chat, model_name: m}"


def test_reloads_are_shown_as_they_happen(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"[{A}, {B}]")
    command = [sys.executable, "-m", "modelhub", "watch", "m.yaml"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None

        def read(lines: int) -> list[str]:
            assert process.stdout is not None
            return [process.stdout.readline().rstrip("\n") for _ in range(lines)]

        assert read(1) == ["watching m.yaml: 2 models, generation 1"]
        path.write_text(f"[{A[:-1]}, timeout: 3}}, {B.replace(': b', ': c')}]")
        assert read(4) == ["reloaded: generation 2, 0 unchanged", "  added c", "  changed a", "  removed b"]
        path.write_text(f"[{A[:-1]}, timeuot: 3}}]")
        assert read(4) == [
            "refused, the last good configs stay in use",
            "m.yaml:1:59: MH103 unknown key 'timeuot' in openai_chat; did you mean 'timeout'?",
            "  1 | [{config_name: a, model_type: openai_chat, model_name: m, timeuot: 3}]",
            f"    | {' ' * 58}^^^^^^^",
        ]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read().strip() == "interrupted"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["gone.yaml"], 1, "does not exist"),
        (["-"], 2, "standard input cannot be watched"),
        (["*.toml"], 2, "the pattern matches no config file"),
        ([], 2, "which configs?"),
    ],
)
def test_what_cannot_be_watched(
    arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MODELHUB_CONFIG", raising=False)
    done = CliRunner().invoke(cli, ["watch", *arguments])
    assert done.exit_code == code
    assert said in f"{done.output}{done.exception}"


def test_names_cannot_do_anything_to_a_terminal() -> None:
    report = ReloadReport(("a\x1b[2J",), (), (), (), 2)
    assert "\x1b[2J" not in "\n".join(describe(report))
    assert list(describe(ReloadReport((), (), (), ("a",), 1))) == ["nothing changed, still generation 1"]
    refused = "\n".join(describe(ConfigError([Problem("MH101", "no")])))
    assert "MH101" in refused
    assert "1 problem" not in refused
