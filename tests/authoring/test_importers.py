"""Configs of other programs become model configs that are valid and hold no key; what has no place is told."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from modelhub import ModelRegistry
from modelhub.authoring.importers import PROGRAMS, import_text
from modelhub.authoring.importers.reading import Unconverted
from modelhub.cli.app import cli
from modelhub.configs import Document
from modelhub.configs.sources.guess import guess_format
from modelhub.configs.sources.read import read_documents
from modelhub.errors import ConfigError
from modelhub.registry import checking

from ..paths import TESTS

FOLDER = TESTS / "authoring" / "importers"
CASES = sorted(path.parent for path in FOLDER.glob("*/*/input.*"))
SECRET = "made-up-secret"
cases = pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}-{path.name}")


def convert(*args: str, input: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["import", *args], input=input, catch_exceptions=False)


def find_input(case: Path) -> Path:
    (path,) = case.glob("input.*")
    return path


@cases
def test_what_is_written_and_what_is_told(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    done = convert(find_input(case).name)
    assert done.stdout == (case / "expected.yaml").read_text("utf-8")
    assert done.stderr == (case / "notes.txt").read_text("utf-8")
    assert done.exit_code == (1 if ": error: " in done.stderr else 0)
    assert SECRET not in done.output


def test_there_are_cases_of_every_program_and_of_the_format_before() -> None:
    found = [case.parent.name for case in CASES]
    assert set(found) == PROGRAMS.keys() - {"litellm"}  # tests/litellm_configs
    for program in ("aider", "autogen", "continue", "graphrag", "metagpt", "opencode"):
        assert found.count(program) >= 2


@cases
def test_what_is_written_is_valid_and_builds(case: Path) -> None:
    done = CliRunner().invoke(cli, ["validate", "--strict", str(case / "expected.yaml")])
    assert done.exit_code == 0, done.output
    with ModelRegistry(case / "expected.yaml") as hub:
        assert [hub.get_model(name).config_name for name in hub.names()] == hub.names()


@pytest.mark.parametrize(
    "case", [case for case in CASES if (case / "theirs.json").exists()], ids=lambda path: path.name
)
def test_a_model_asks_for_what_the_program_itself_asks_for(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``theirs.json`` has what the program sent that had read the file: the address, and the options that it has."""
    for name in re.findall(r"\$\{(\w+)", (case / "expected.yaml").read_text("utf-8")):
        monkeypatch.setenv(name, "key")
    theirs = json.loads((case / "theirs.json").read_text("utf-8"))["requests"]
    with ModelRegistry(case / "expected.yaml") as hub:
        for name, wanted in theirs.items():
            model: Any = hub.get_model(name)
            request = model.build_request([{"role": "user", "content": "hi"}], dict(model.generate_args), False)
            body = json.loads(request.body)
            body |= body.get("extra_body", {})
            assert request.url.startswith(wanted["url"])
            assert {key: body.get(key) for key in wanted["body"]} == wanted["body"]
    assert theirs


@cases
def test_validate_and_init_say_in_one_finding_what_it_is(case: Path) -> None:
    path = find_input(case)
    done = CliRunner().invoke(cli, ["validate", "--format", "json", str(path)])
    [problem] = json.loads(done.stdout)
    program = case.parent.name
    assert done.exit_code == 1
    assert PROGRAMS[program].title.lower() in problem["message"].lower()
    assert problem["hint"] == f"`modelhub import {program} {path}` converts it"
    with pytest.raises(ConfigError) as raised:
        ModelRegistry(path)
    assert [each.hint for each in raised.value.problems] == [problem["hint"]]


@pytest.mark.parametrize("name", ["CONFIG", "config.txt", "config.yaml", "config.json", "config.toml"])
@pytest.mark.parametrize("program", ["autogen", "opencode", "tensorzero", "llm"])
def test_a_file_is_known_by_its_content_whatever_it_is_called(program: str, name: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.parent.name == program)
    content = find_input(case).read_bytes()
    (tmp_path / name).write_bytes(content)
    expected = (case / "expected.yaml").read_text("utf-8")
    assert convert(str(tmp_path / name)).stdout == expected
    assert convert(program, str(tmp_path / name)).stdout == expected
    assert convert("-", input=content).stdout == expected


def test_different_keys_have_different_variables() -> None:
    entries = [{"model": f"m{number}", "api_key": f"{SECRET}-{number % 3}"} for number in range(6)]
    entries.append({"model": "m6", "api_key": "${OPENAI_API_KEY}"})
    done = convert("-", input=json.dumps(entries))
    keys = [model["api_key"] for model in yaml.safe_load(done.stdout)["models"]]
    assert keys[:6] == [f"${{M{number % 3}_OPENAI_API_KEY}}" for number in range(6)]
    assert keys[6] == "${OPENAI_API_KEY}"
    assert SECRET not in done.output


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("os.environ/TEAM_KEY", "${TEAM_KEY}"),
        ("$TEAM_KEY", "${TEAM_KEY}"),
        ("${TEAM_KEY}", "${TEAM_KEY}"),
        ("${TEAM_KEY:dummy}", "${TEAM_KEY:-dummy}"),
        (f"${{TEAM_KEY:-{SECRET}}}", "${TEAM_KEY}"),
        ("{env:TEAM_KEY}", "${TEAM_KEY}"),
        ("{file:/run/secrets/key}", "${file:/run/secrets/key}"),
        ("{{ env.TEAM_KEY }}", "${TEAM_KEY}"),
        ("{{env.TEAM_KEY}}", "${TEAM_KEY}"),
        ("env::TEAM_KEY", "${TEAM_KEY}"),
        ("${{ secrets.TEAM_KEY }}", "${TEAM_KEY}"),
        ("Bearer $TEAM_KEY", "Bearer ${TEAM_KEY}"),
        ("<YOUR_API_KEY>", "${OPENAI_API_KEY}"),
        ("not-needed", "not-needed"),
    ],
)
def test_references_of_other_programs(written: str, read: str) -> None:
    done = convert("autogen", "-", input=json.dumps([{"model": "m", "api_key": written}]))
    assert yaml.safe_load(done.stdout)["models"][0]["api_key"] == read
    assert SECRET not in done.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "model_providers: {a: {base_url: b}}\n",
            "<stdin>:1:1: MH106 this is the config of Codex, which has no importer",
        ),
        ("spring: {ai: {}}\n", "MH106 this is a Spring application's config, which has no importer"),
        ("a: 1\n", "MH106 it is not known which program's config this is"),
        ("- {config_name: a, model_type: openai_chat}\n", "modelhub's own"),
        ("", "MH106"),
        ("{", "MH101"),
        ("[[1]]", "MH106"),
    ],
)
def test_a_file_without_an_importer(text: str, told: str) -> None:
    done = convert("-", input=text)
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


def test_a_program_that_it_is_not() -> None:
    done = convert("opencode", "-", input="models: []\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error: there is no model in it" in done.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["litelm", "a.yaml"], "did you mean 'litellm'?"),
        (["something", "a.yaml"], "there are aider, "),
        (["litellm"], "name the FILE of litellm"),
        (["a", "b", "c"], "name one FILE"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage(args: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = convert(*args)
    assert done.exit_code == 2
    assert told in done.stderr


def test_the_help_lists_the_programs() -> None:
    text = convert("--help").stdout
    for name, program in PROGRAMS.items():
        assert f"{name} " in text and program.files.split(",")[0] in text


ODD: list[Any] = [None, [], {}, 5, "x", [None], {"x": None}, True, -1.5, "", ["x"], {"model": 1}]


def list_places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for step, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from list_places(item, (*path, step))


def replace_at(data: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    data = deepcopy(data)
    target = data
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = odd
    return data


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.name != "dotenv"],  # which has texts alone
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_odd_values_anywhere_are_no_crash(case: Path) -> None:
    content = find_input(case).read_bytes()
    found = read_documents(content, name="x", format=guess_format(content))
    (data,) = [each.data for each in found if isinstance(each, Document)]
    chance = random.Random(case.name)
    for path in chance.choices(list(list_places(data)), k=12):
        text = json.dumps(replace_at(data, path, chance.choice(ODD))).encode()
        try:
            imported = import_text(text, "x", checking.check, case.parent.name)
        except Unconverted:
            continue
        names = [model["config_name"] for model in imported.data["models"]]
        assert len(names) == len(set(names))
        assert imported.models or imported.notes.errors
        assert SECRET not in "".join(imported.notes.write()) + json.dumps(imported.data)
