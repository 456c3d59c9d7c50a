"""modelhub new-plugin: what it refuses, and that what it writes is right at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Literal, get_args

import pytest
from click.testing import CliRunner, Result

from modelhub.authoring.new_plugin import LONGEST, Kind, build_package, find_objection
from modelhub.cli.app import cli
from modelhub.errors import PluginError

KINDS = get_args(Kind)
LONG = "a1_" * (LONGEST // 3) + "z"
NAMES = ["acme", "x", "_acme", "acme_", "big_bank_2", LONG]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["new-plugin", *arguments])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    ["Acme", "ACME", "1acme", "ac-me", "ac me", "ac.me", "", " ", "_", "__", "../acme", "/acme", "class", "import"]
    + ["acmé", "acme\n", "a" * (LONGEST + 1), "openai", "post_api", "ollama", "async", "$acme", "{acme}"],
)
def test_a_name_that_cannot_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(name, *(["--adapter"] if kind == "adapter" else []))
    assert done.exit_code == 2
    assert "nothing was written" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["folder", "file", "full"])
def test_what_exists_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "modelhub-acme"
    if there == "file":
        place.write_text("mine")
    else:
        place.mkdir()
    if there == "full":
        (place / "mine").touch()
    before = sorted(tmp_path.rglob("*"))
    done = run("acme")
    assert isinstance(done.exception, PluginError)
    assert "modelhub-acme exists; nothing was written" in str(done.exception)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", KINDS)
def test_one_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("acme", *(["--adapter"] if kind == "adapter" else [])).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["modelhub-acme"]
    assert run("acme", "-o", "elsewhere/mine").exit_code == 0
    assert (tmp_path / "elsewhere" / "mine" / "pyproject.toml").exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_what_the_files_say(name: str, kind: Literal["wrapper", "adapter"]) -> None:
    assert find_objection(name, []) is None
    folder, package = build_package(name, kind)
    assert [path for path, text in package.items() if "@@" in text or "@@" in path or path.endswith(".txt")] == []
    project = tomllib.loads(package["pyproject.toml"])
    assert project["project"]["name"] == folder
    points = project["project"]["entry-points"]["modelhub.wrappers"]
    assert list(points) == [f"{name}_chat"]
    assert json.loads(package[f"modelhub_{name}/schemas/{name}_chat.json"])["title"] == f"{name}_chat"
    recordings = [path for path in package if path.startswith("recordings/")]
    assert len(recordings) > 3
    for path in recordings:
        assert {"request", "replies", "expect"} <= json.loads(package[path]).keys()
    assert {"README.md", "models.yaml", ".gitignore", ".github/workflows/test.yml"} <= package.keys()
    assert f"tests/test_{name}_chat.py" in package


@pytest.fixture(scope="module")
def known_types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where mypy keeps what it has learnt of modelhub, which is the same for each package."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize(("name", "kind"), [("acme", "wrapper"), (LONG, "adapter")])
def test_it_is_right_at_once(tmp_path: Path, known_types: Path, name: str, kind: str) -> None:
    site = tmp_path / "site"
    environment = {**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1", "MYPYPATH": ""}

    def call(*command: str) -> str:
        run = [sys.executable, "-P", "-m", *command]
        done = subprocess.run(run, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    folder = tmp_path
    call("modelhub", "new-plugin", name, "-o", "package", *(["--adapter"] if kind == "adapter" else []))
    folder = tmp_path / "package"
    pip = ["pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation"]
    call(*pip, "--target", str(site), ".")
    call("ruff", "check", "--no-cache")
    call("ruff", "format", "--no-cache", "--check")
    call("mypy", "--strict", "--cache-dir", str(known_types))
    assert call("modelhub", "validate", "--strict", "models.yaml") == "1 config ok\n"
    assert f"{name}_chat" in call("modelhub", "types")
    assert f"ok  {name}_chat" in " ".join(call("modelhub", "plugins", "--check").split()).replace("ok ", "ok  ")
    assert " passed" in call("pytest", "-q", "-p", "no:cacheprovider")
