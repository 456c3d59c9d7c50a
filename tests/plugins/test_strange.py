"""Strange plugins, installed together: every command names what is wrong with each, and none suffers from another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .strange import GONE, TABLE, build_wheel
from .test_installed import Environment, create_environment

WRAPPERS = [name for name, strange in TABLE.items() if strange.group == "modelhub.wrappers"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")


class Installed(Environment):
    """All of them, installed; what a command prints is asked for once."""

    def __init__(self, root: Path, folder: Path) -> None:
        super().__init__(root, folder)
        self._said: dict[tuple[str, ...], tuple[subprocess.CompletedProcess[str], float]] = {}

    def ask(self, *arguments: str) -> tuple[subprocess.CompletedProcess[str], float]:
        if arguments not in self._said:
            start = time.monotonic()
            self._said[arguments] = self.modelhub(*arguments), time.monotonic() - start
        return self._said[arguments]

    def rows(self, *arguments: str) -> dict[str, dict[str, Any]]:
        done, _ = self.ask(*arguments)
        assert done.stderr == ""
        return {row["name"]: row for row in json.loads(done.stdout)}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    root, folder = tmp_path_factory.mktemp("strange"), tmp_path_factory.mktemp("work")
    packages = create_environment(root / "venv")
    wheels = [str(build_wheel(name, strange, folder)) for name, strange in TABLE.items()]
    pip = [sys.executable, "-m", "pip", "--python", str(root / "venv"), "install", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "-q", "--no-index", "--no-deps", *wheels], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, strange in TABLE.items():
        for gone in strange.gone:
            path = packages / gone.format(f"odd_{name}")
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    entries = [f"- {{config_name: {name}, model_type: odd_{name}, voiec: loud}}\n" for name in WRAPPERS]
    (folder / "all.yaml").write_text("".join(entries))
    (folder / "good.yaml").write_text("{config_name: x, model_type: odd_good, voice: low}\n")
    return Installed(root / "venv", folder)


@pytest.mark.parametrize("name", TABLE)
def test_what_is_seen_without_an_import(installed: Installed, name: str) -> None:
    row = installed.rows("plugins", "--json")[f"odd_{name}"]
    expected = TABLE[name].seen
    assert row["state"] == ("installed" if expected is None else "quarantined"), row
    assert (expected or "") in (row["reason"] or ""), row
    distribution = f"odd-{name.replace('_', '-')}"
    assert (row["group"], row["distribution"], row["version"]) == (TABLE[name].group, distribution, "1.0")


@pytest.mark.parametrize("name", TABLE)
def test_what_a_trial_finds(installed: Installed, name: str) -> None:
    row = installed.rows("plugins", "--check", "--timeout", "6", "--json")[f"odd_{name}"]
    expected = TABLE[name].tried
    assert row["state"] == ("ok" if expected is None else "quarantined"), row
    assert (expected or "") in (row["reason"] or ""), row


@pytest.mark.parametrize("name", WRAPPERS)
def test_what_validate_says(installed: Installed, name: str) -> None:
    done, _ = installed.ask("validate", "--format", "json", "all.yaml")
    assert (done.returncode, done.stderr) == (1, "")
    problems = [each for each in json.loads(done.stdout) if each["config_name"] == name]
    assert [each["code"] for each in problems] == TABLE[name].codes, problems
    assert [each["severity"] for each in problems] == [
        "warning" if code == "MH503" else "error" for code in TABLE[name].codes
    ]


@pytest.mark.parametrize("name", WRAPPERS)
def test_types_and_schema_go_on(installed: Installed, name: str) -> None:
    types, _ = installed.ask("types", "--json")
    (row,) = [row for row in json.loads(types.stdout) if row["model_type"] == f"odd_{name}"]
    assert ("cannot be used" in row["description"]) is (TABLE[name].codes == ["MH501"])
    schemas, _ = installed.ask("schema")
    assert (f"odd_{name}" in json.loads(schemas.stdout)) is (TABLE[name].codes != ["MH501"])
    assert (f"wrapper odd_{name} (" in schemas.stderr) is (TABLE[name].codes == ["MH501"])


def test_the_list_is_for_people_and_quick(installed: Installed) -> None:
    done, seconds = installed.ask("plugins")
    assert (done.returncode, done.stderr) == (1, "")
    assert [line for line in done.stdout.splitlines() if len(line) > 80 and " " in line.strip()] == []
    flat = " ".join(done.stdout.split())
    for name, strange in TABLE.items():
        state = "installed" if strange.seen is None else "quarantined"
        assert f"{state} odd_{name} " in flat
        assert (strange.seen or "") in flat
    assert seconds < 30  # they sleep for minutes, all in all


def test_none_is_imported_but_the_one_that_is_called(installed: Installed) -> None:
    for arguments in (["types"], ["schema"], ["new", "odd_good"], ["validate", "good.yaml"]):
        assert installed.ask(*arguments)[0].returncode == 0, arguments
    done = installed.modelhub("call", "-c", "good.yaml", "x", "hello")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "hello", "")


@pytest.mark.parametrize("arguments", [("call", "x", "hello"), ("call", "x", "hello", "--json")])
def test_what_a_plugin_prints_is_no_answer(installed: Installed, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "models.yaml").write_text("{config_name: x, model_type: odd_prints}\n")
    done = Environment(installed.python.parent.parent, tmp_path).modelhub(*arguments, "-c", "models.yaml")
    assert (done.returncode, done.stderr) == (0, "hello\n")
    answer = json.loads(done.stdout)["text"] if "--json" in arguments else done.stdout.strip()
    assert answer == "hello"


def test_a_formatter_that_is_gone_is_told(installed: Installed) -> None:
    entries = [
        f"- {{config_name: {name}, model_type: ollama_chat, model_name: m, formatter: odd_{name}}}\n"
        for name in ("formatter", "formatter_slow", "formatter_gone")
    ]
    (installed.folder / "formatters.yaml").write_text("".join(entries))
    (problem,) = json.loads(installed.modelhub("validate", "--format", "json", "formatters.yaml").stdout)
    assert (problem["code"], problem["config_name"]) == ("MH501", "formatter_gone")
    assert GONE in problem["message"]


def test_what_a_source_of_secrets_prints_is_no_report(tmp_path: Path) -> None:
    packages = create_environment(tmp_path / "venv")
    shutil.unpack_archive(build_wheel("hooks_print", TABLE["hooks_print"], tmp_path), packages, "zip")
    (tmp_path / "models.yaml").write_text("{config_name: x, model_type: openai_chat, api_key: '${odd:key}'}\n")
    done = Environment(tmp_path / "venv", tmp_path).modelhub("validate", "--env", "--format", "json", "models.yaml")
    assert (done.returncode, done.stderr) == (1, "hello\n")
    assert [problem["code"] for problem in json.loads(done.stdout)] == ["MH302"]


def test_init_tells_of_what_is_gone(installed: Installed) -> None:
    code = """
import json, sys, modelhub
try:
    modelhub.init("all.yaml")
except modelhub.ConfigError as error:
    found = [problem.code for problem in error.problems]
print(json.dumps([found, [name for name in sys.modules if name.startswith("odd_")]]))
"""
    found, imported = installed.evaluate(code)
    expected = [code for name in WRAPPERS for code in TABLE[name].codes if code != "MH503"]
    assert (found, imported) == (expected, [])


@pytest.mark.parametrize("name", ["good", "starred", "extends"])
def test_wheels_on_the_path_work_with_every_command(tmp_path: Path, installed: Installed, name: str) -> None:
    wheel = build_wheel(f"zipped_{name}", TABLE[name], tmp_path)
    model_type = f"odd_zipped_{name}"
    (tmp_path / "models.yaml").write_text(f"- {{config_name: x, model_type: {model_type}, voiec: low}}\n")
    zipped = Environment(installed.python.parent.parent, tmp_path)

    def run(command: str) -> subprocess.CompletedProcess[str]:
        done = zipped.run("-m", "modelhub", *command.split(), PYTHONPATH=str(wheel))
        assert done.stderr == ""
        return done

    states = {row["name"]: row["state"] for row in json.loads(run("plugins --json").stdout)}
    assert states[model_type] == "installed"
    assert model_type in run(f"new {model_type}").stdout
    assert "model_type" in json.loads(run(f"schema {model_type}").stdout)["properties"]
    (problem,) = json.loads(run("validate --format json models.yaml").stdout)
    assert problem["code"] == "MH103"
    code = f"import json\nfrom modelhub.cli.trial import GROUPS, try_out\nplugin = GROUPS[0].by_name[{model_type!r}]\n"
    code += "print(json.dumps(try_out(GROUPS[0], plugin, 60).flaw))"
    assert zipped.evaluate(code, PYTHONPATH=str(wheel)) is None


def test_a_plugin_that_is_well_makes_no_failure(installed: Installed, tmp_path: Path) -> None:
    packages = create_environment(tmp_path / "venv")
    for name in ("good", "hooks"):
        shutil.unpack_archive(build_wheel(name, TABLE[name], tmp_path), packages, "zip")
    alone = Environment(tmp_path / "venv", tmp_path)
    for arguments in (["plugins"], ["plugins", "--check"]):
        done = alone.modelhub(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        state = "ok" if "--check" in arguments else "installed"
        assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [
            [state, "odd_good"],
            [state, "odd_hooks"],
        ]
