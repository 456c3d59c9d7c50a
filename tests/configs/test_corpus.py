"""Files of every nasty shape: each becomes configs and problems with a place inside the file, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.cli.reports import REPORTS
from modelhub.configs import load_text
from modelhub.configs.sources.files import MAX_BYTES
from modelhub.configs.sources.folders import FORMATS

from .places import CORPUS, FILES, check

EXPECTED: dict[str, dict[str, Any]] = json.loads((CORPUS / "expected.json").read_text("utf-8"))


def test_every_file_is_expected() -> None:
    assert list(EXPECTED) == list(FILES)


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_gives(name: str) -> None:
    loaded = load_text(FILES[name], name=name, format=FORMATS[Path(name).suffix])
    assert len(loaded.entries) == EXPECTED[name]["configs"]
    said = [f"{problem.line}:{problem.column} {problem.code} {problem.message}" for problem in loaded.problems]
    assert said == EXPECTED[name]["problems"]
    check(loaded, FILES[name])


@pytest.mark.parametrize("format", ["yaml", "json", "toml"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_under_another_name(name: str, format: str) -> None:
    check(load_text(FILES[name], name=name, format=format), FILES[name])


@pytest.mark.parametrize("style", REPORTS)
def test_all_of_them_at_once_in_every_report(style: str) -> None:
    done = CliRunner().invoke(cli, ["validate", "--format", style, str(CORPUS)])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert all(name in done.stdout for name in FILES if EXPECTED[name]["problems"])


def validate(*arguments: str, cwd: Path, stdin: bytes = b"") -> tuple[int, list[str]]:
    """The exit code of the command in a process of its own, and what it says less the source lines."""
    command = [sys.executable, "-m", "modelhub", "validate", *arguments]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(command, cwd=cwd, env=environment, input=stdin, capture_output=True, timeout=120)
    assert done.stderr == b""
    return done.returncode, [line for line in done.stdout.decode().splitlines() if not line.startswith("  ")]


DEEP = {
    "deep.yaml": "[" * 10_000 + "]" * 10_000,
    "blocks.yaml": "".join(f"{' ' * n}a:\n" for n in range(1_000)),
    "dashes.yaml": "- " * 10_000,
    "deep.json": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "deep.toml": "a = " + "{b = " * 10_000 + "1" + "}" * 10_000,
    "arrays.toml": "a = " + "[" * 10_000 + "]" * 10_000,
    "keys.toml": ".".join(["a"] * 10_000) + " = 1",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(DEEP[name])
    code, lines = validate(name, cwd=tmp_path)
    assert code == 1
    assert lines[0].startswith(f"{name}:")
    assert any("MH106 nested deeper than 200 levels" in line for line in lines)


def make_paths(folder: Path) -> dict[str, str]:
    """What cannot be read at all, by its name, and a part of what is said of it."""
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "there.json").symlink_to("back.json")
    (folder / "back.json").symlink_to("there.json")
    os.mkfifo(folder / "pipe.toml")
    with (folder / "huge.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    (folder / "round").mkdir()
    (folder / "round" / "again").symlink_to(folder / "round", target_is_directory=True)
    return {
        "loop.yaml": "symbolic links",
        "there.json": "symbolic links",
        "pipe.toml": "not a regular file",
        "huge.yaml": "larger than 4 MB",
        "/dev/zero": "the file has no suffix",
        "round": "the folder holds no config file",
        "gone.yaml": "does not exist",
    }


def test_paths_that_give_no_text(tmp_path: Path) -> None:
    paths = make_paths(tmp_path)
    code, lines = validate(*paths, cwd=tmp_path)
    assert code == 1
    assert lines[-1] == f"{len(paths)} problems in 0 configs"
    for line, (name, wording) in zip(lines[:-1], paths.items(), strict=True):
        assert line.startswith(f"{name}: MH101 ")
        assert wording in line


def test_one_clear_line_each(tmp_path: Path) -> None:
    for name in ("alias_bomb.yaml", "merge_bomb.yaml", "nul.yaml", "nul.toml", "bad_utf8.yaml", "bom_utf16_le.yaml"):
        code, lines = validate(str(CORPUS / name), cwd=tmp_path)
        [expected] = EXPECTED[name]["problems"]
        assert (code, len(lines)) == (1, 2)
        assert f"{name}:{expected.replace(' ', ': ', 1)}" in lines[0]
    code, lines = validate("-", cwd=tmp_path, stdin=FILES["python_tags.yaml"])
    assert (code, len(lines)) == (1, 12)
    assert lines[1].startswith("<stdin>:3:4: MH101 the tag !!python/object/apply:os.system is not allowed")


def test_a_file_of_almost_the_limit_is_read(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.write(b'{"config_name": "a", "model_type": "openai_chat", "description": "')
        file.write(b"x" * (MAX_BYTES - 100))
        file.write(b'", "timeout": 0}')
    code, lines = validate("large.json", cwd=tmp_path)
    assert code == 1
    assert lines[0].endswith(" MH201 timeout must be greater than 0, not 0; for example 30")
    assert len(lines) == 2


def test_many_mistakes_are_all_told() -> None:
    text = "".join(f"unknown_key_{n}: 1\n" for n in range(3000))
    config = f"config_name: a\nmodel_type: openai_chat\ntimeuot: 3\n{text}"
    loaded = load_text(config.encode(), name="x.yaml", format="yaml")
    problems = check(loaded, config.encode())
    assert len(problems) == 3001
    assert problems[0].hint == "did you mean 'timeout'?"
