"""A file of another program is recognised by what is in it, in one finding; a file of modelhub never is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.configs.layers.programs import OtherProgram
from modelhub.configs.readers.allowance import Allowance
from modelhub.configs.sources.files import Unreadable
from modelhub.configs.sources.read import read_path
from modelhub.errors import ConfigError
from modelhub.registry.registry import ModelRegistry
from modelhub.validation.schema.store import load_file

from ..paths import ROOT, TESTS

ROWS: list[dict[str, Any]] = (load_file("_programs.json") or {})["programs"]
SAMPLES: dict[str, list[Any]] = json.loads((TESTS / "configs" / "programs.json").read_text("utf-8"))
DATA = [(name, value) for name, values in SAMPLES.items() for value in values if not isinstance(value, str)]
TEXTS = [(name, value) for name, values in SAMPLES.items() for value in values if isinstance(value, str)]
OURS = ["tests/configs", "tests/corpus", "tests/compat", "model_configs", "tests/authoring", "scripts", "docs"]
FORMATS = (".json", ".yaml", ".yml", ".toml")


def validate(path: Path) -> list[dict[str, Any]]:
    done = CliRunner().invoke(cli, ["validate", "--format", "json", str(path)])
    assert done.exit_code == 1
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def build_sign(sign: str) -> Any:
    """The smallest value that has everything that a row of the table asks for."""
    value: dict[str, Any] = {}
    for path in sign.removeprefix("- ").split(" + "):
        node = value
        steps = path.split("/")
        for position, step in enumerate(steps):
            key, _, part = step.partition("=")
            last = position == len(steps) - 1
            key = next(iter(node), "any") if key == "*" else key
            node = node.setdefault(key, {"[]": [], "None": None}.get(part, part or "x") if last else {})
    return [value] if sign.startswith("- ") else value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["is"])
def test_each_sign_of_the_table(row: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    for sign in row["keys"]:
        file.write_text(json.dumps(build_sign(sign)))
        [problem] = validate(file)
        assert (problem["code"], problem["severity"], bool(problem["hint"])) == ("MH106", "error", True), sign
        assert problem["message"].startswith("this is "), sign


@pytest.mark.parametrize(("name", "value"), DATA, ids=lambda value: value if isinstance(value, str) else "")
def test_each_program_in_each_form(name: str, value: Any, tmp_path: Path) -> None:
    for file, text in (("a.json", json.dumps(value)), ("b.yaml", yaml.safe_dump(value)), ("OTHER", json.dumps(value))):
        path = tmp_path / file
        path.write_text(text)
        [problem] = validate(path)
        assert name in problem["message"]
        assert problem["file"] == str(path)
        assert problem["line"] >= 1
        assert problem["hint"]
    with pytest.raises(ConfigError) as raised:
        ModelRegistry(value)
    [told] = raised.value.problems
    assert name in told.message


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=lambda text: text[:20])
def test_texts(name: str, text: str, tmp_path: Path) -> None:
    for file in (".env", "models.env", "a.yaml", "a.json", "a.toml"):
        (tmp_path / file).write_text(text)
        [problem] = validate(tmp_path / file)
        assert name in problem["message"], file


def test_json_with_comments_is_recognised(tmp_path: Path) -> None:
    text = '{\n  // our own\n  "provider": {"a": {"npm": "x", /* b */ "url": "http://c",}},\n}\n'
    for name in ("opencode.json", "opencode.jsonc"):
        (tmp_path / name).write_text(text)
        [problem] = validate(tmp_path / name)
        assert (problem["line"], problem["column"]) == (3, 3)
        assert "opencode" in problem["message"]
        assert problem["hint"] == f"`modelhub import opencode {tmp_path / name}` converts it"


def test_several_documents_and_faults_beside_them_are_one_finding(tmp_path: Path) -> None:
    one = "apiVersion: v1\nkind: ConfigMap\ndata: {a: 1, a: 2}\n"
    (tmp_path / "k.yaml").write_text(f"{one}---\n{one}")
    [problem] = validate(tmp_path / "k.yaml")
    assert "Kubernetes" in problem["message"]


def test_the_hint_names_the_file_as_a_shell_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "our config.yaml"
    path.write_text("model_list:\n- model_name: a\n  litellm_params: {model: openai/a}\n")
    [problem] = validate(path)
    assert problem["hint"] == f"`modelhub import litellm '{path}'` converts it"


@pytest.mark.parametrize(
    "value",
    [
        [{"id": "a", "cost": 1}, {"id": "b"}, {"id": "c"}],
        {"models": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "debug": True, "colour": "red"},
        {"models": {"a": {"cost": 1}, "b": {"cost": 1}, "c": {"cost": 1}}},
    ],
    ids=str,
)
def test_models_that_have_nothing_of_ours_are_one_finding(value: Any, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(value))
    [problem] = validate(tmp_path / "a.json")
    assert problem["message"] == "none of these 3 models has a config_name or a model_type"
    assert '"config_name"' in problem["hint"]


def find_ours() -> Iterator[Path]:
    for folder in OURS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in FORMATS and path.stem not in ("programs", "input", "expected", "compose", "prometheus"):
                yield path
    yield from (TESTS / "litellm_configs").glob("*.modelhub.yaml")


def test_files_of_modelhub_are_never_mistaken() -> None:
    seen = 0
    for path in find_ours():
        try:
            found = list(read_path(str(path), Allowance()))
        except Unreadable:
            continue
        seen += 1
        assert not any(isinstance(item, OtherProgram) and item.name for item in found), path
    assert seen > 150


def test_files_of_litellm_are_always_recognised() -> None:
    paths = [path for path in (TESTS / "litellm_configs").glob("*.yaml") if ".modelhub." not in path.name]
    assert len(paths) > 10
    for path in paths:
        [problem] = validate(path)
        assert "LiteLLM" in problem["message"]
        assert "modelhub import litellm" in problem["hint"]


@pytest.mark.parametrize(
    "beside",
    [
        {"model_list": []},
        {"prompts": [], "providers": []},
        {"apiVersion": "v1", "kind": "x"},
        {"name": "x", "edit_format": 1},
    ],
    ids=str,
)
def test_a_config_with_keys_of_another_program_is_still_ours(beside: dict[str, Any], tmp_path: Path) -> None:
    for key, value in (("config_name", "a"), ("confg_name", "a"), ("model_type", "openai_chat")):
        (tmp_path / "a.json").write_text(json.dumps([{key: value, **beside}]))
        assert not any(problem["message"].startswith("this is ") for problem in validate(tmp_path / "a.json"))
