"""Every command finds the configs alike: the first place that names some, and all that it names."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli

CONFIG = "{{config_name: {0}, model_type: openai_chat}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def write(folder: Path, *names: str) -> None:
    """Write config files, each with a config that is called like it."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CONFIG.format(Path(name).stem), "utf-8")


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, arguments)
    return done.exit_code, done.output


def names(*arguments: str) -> list[str]:
    code, printed = run("list", "--json", *arguments)
    assert code == 0, printed
    return [each["config_name"] for each in json.loads(printed)]


def test_the_first_place_that_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run("list")
    assert (code, "which configs?" in said) == (2, True)
    write(folder, "model_configs/f.yaml", "model_configs/g.yaml")
    assert names() == ["f", "g"]
    for number, name in enumerate(("models.toml", "models.json", "models.yml", "models.yaml")):
        (folder / name).write_text(
            f'config_name = "m{number}"\nmodel_type = "openai_chat"\n'
            if name.endswith("toml")
            else f'{{"config_name": "m{number}", "model_type": "openai_chat"}}'
        )
        assert names() == [f"m{number}"]
    write(folder, "x/p.yaml", "x/q.yaml", "e.yaml", "c.yaml", "d.yaml")
    (folder / "pyproject.toml").write_text("[tool.modelhub]\nconfigs = ['x/p.yaml', 'x/q*.yaml']\n")
    assert names() == ["p", "q"]
    monkeypatch.setenv("MODELHUB_CONFIG", "e.yaml")
    assert names() == ["e"]
    assert names("-c", "c.yaml", "-c", "d.yaml") == names("c.yaml", "d.yaml") == ["c", "d"]
    assert names("-c", "c.yaml", "d.yaml") == ["c", "d"]
    assert names("-c", "[cd].yaml") == ["c", "d"]
    assert run("list", "-c", "no*.yaml")[0] == 2
    monkeypatch.setenv("MODELHUB_CONFIG", "gone.yaml")
    assert run("list")[0] == 1  # what is named is not passed over


@pytest.mark.parametrize("command", ["list", "show p", "validate", "explain p", "validate -c x/p.yaml"])
def test_what_a_project_names_is_seen_from_its_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    write(folder, "x/p.yaml")
    (folder / "pyproject.toml").write_text("[tool.modelhub]\nconfigs = 'x/p.yaml'\n")
    (folder / "below" / "deep" / "x").mkdir(parents=True)
    (folder / "below" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    if "-c" not in command:
        monkeypatch.chdir(folder / "below" / "deep")
    code, printed = run(*command.split())
    assert code == 0, printed
    assert ("1 config ok" if "validate" in command else "p ") in printed.replace('"p"', "p ")


@pytest.mark.parametrize("text", ["[tool.modelhub]\nconfigs = 3\n", "[tool.modelhub]\nconfigs = []\n", "[tool\n"])
def test_a_project_that_says_something_else(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    code, said = run("list")
    assert (code, "Error: pyproject.toml" in said) == (2, True)


def test_a_module_of_the_program_is_imported(folder: Path) -> None:
    (folder / "my_wrappers_1.py").write_text(
        "from modelhub import ModelWrapperBase\nprint('hello')\n"
        "class Parrot(ModelWrapperBase):\n    '''Says it\\n    louder.\\n\\n    More.'''\n    model_type = 'parrot_1'\n"
        "    def __call__(self, text):\n        return text.upper()\n"
    )
    (folder / "models.yaml").write_text("{config_name: bird, model_type: parrot_1}\n")
    assert run("validate")[0] == 1
    assert run("validate", "--import", "my_wrappers_1")[0] == 0
    assert run("call", "bird", "hi", "--import", "my_wrappers_1") == (0, "HI\n")
    code, printed = run("types", "--json", "--import", "my_wrappers_1")
    assert ("parrot_1", "my_wrappers_1", "Says it louder.") in [
        (each["model_type"], each["distribution"], each["description"]) for each in json.loads(printed)
    ]
    assert '"const": "parrot_1"' in run("schema", "--bundle", "--import", "my_wrappers_1")[1]
    assert "model_type: parrot_1\n" in run("new", "parrot_1", "--import", "my_wrappers_1")[1]
    (folder / "broken_1.py").write_text("raise SystemExit('no\x1b[31m')\n")
    for module in ("broken_1", "not.there"):
        code, said = run("list", "--import", module)
        assert (code, f"{module} cannot be imported: " in said, "\x1b" in said) == (2, True, False)
