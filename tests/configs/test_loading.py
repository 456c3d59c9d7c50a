"""Loading configs: what is accepted, every fault in one go, and the place of every value."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelhub import ModelRegistry
from modelhub.configs import Loaded, Span, load, load_text
from modelhub.configs.readers.document import Document
from modelhub.configs.sources.files import MAX_BYTES
from modelhub.configs.sources.read import read_documents
from modelhub.errors import ConfigError, Problem

from ..paths import TESTS

HERE = TESTS / "configs" / "loading"
POSITIONS = json.loads((HERE / "positions.json").read_text())
FAULTS = json.loads((HERE / "faults.json").read_text())
ONE = {"config_name": "a", "model_type": "openai_chat"}


def load_str(text: str, format: str) -> Loaded:
    return load_text(text.encode(), name=f"models.{format}", format=format)


def configs(loaded: Loaded) -> list[dict[str, Any]]:
    assert not loaded.problems
    return [entry.config for entry in loaded.entries]


def only(loaded: Loaded) -> Problem:
    [problem] = loaded.problems
    assert not loaded.entries
    return problem


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return str(request.param)


@pytest.mark.parametrize("case", POSITIONS, ids=lambda case: f"{case['format']}: {case['title']}")
def test_positions(case: dict[str, Any]) -> None:
    loaded = load_str(case["text"], case["format"])
    assert not loaded.problems
    document = loaded.entries[0].document
    found = {str(at): document.locate(at["path"], key=at.get("key", False)) for at in case["where"]}
    assert found == {str(at): Span(*at["span"]) for at in case["where"]}


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: f"{case['format']}: {case['text']!r:.40}")
def test_faults(case: dict[str, Any]) -> None:
    problems = load_str(case["text"], case["format"]).problems
    assert [(problem.line, problem.column, problem.code) for problem in problems] == [
        (line, column, code) for line, column, code, _ in case["problems"]
    ]
    for problem, (*_, wording) in zip(problems, case["problems"], strict=True):
        assert wording in str(problem)
        assert "\n" not in str(problem)
        assert "hunter" not in str(problem)
        assert problem.file == f"models.{case['format']}"


@pytest.mark.parametrize("case", [case for case in POSITIONS if case["format"] == "yaml"], ids=lambda c: c["title"])
@pytest.mark.usefixtures("parser")
def test_both_yaml_parsers_agree(case: dict[str, Any]) -> None:
    if "tab" not in case["title"]:
        test_positions(case)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "text", ["a: 'x", "a: [1", "a:\n\tb: 1", "a: b: c", "a: @", "a: 1\n b: 2\n", '"\\q"', "- a\nb: 1"]
)
def test_both_yaml_parsers_explain(text: str) -> None:
    problem = only(load_str(text, "yaml"))
    assert problem.code == "MH101"
    assert problem.hint
    assert "not valid YAML" not in problem.message


def test_yaml_values() -> None:
    text = "a: 2024-06-01\n1: [yes, 0x10, ~, '1', 1e3, 1.5]\nt: &t {b: 1, c: 2}\nu: {<<: [*t, {b: 3, d: 4}], c: 5}\n"
    loaded = load_str(text, "yaml")
    assert [problem.code for problem in loaded.problems] == ["MH111", "MH111"]
    assert [entry.config for entry in loaded.entries] == [
        {
            "a": "2024-06-01",
            "1": [True, 16, None, "1", "1e3", 1.5],
            "t": {"b": 1, "c": 2},
            "u": {"b": 1, "c": 5, "d": 4},
        }
    ]


def test_aliases_share_nothing() -> None:
    [config] = configs(load_str("a: &x {b: [1]}\nc: *x\n", "yaml"))
    config["c"]["b"].append(2)
    assert config["a"] == {"b": [1]}


def test_yaml_documents() -> None:
    loaded = load_str(
        "config_name: a\n---\n# none\n---\n- config_name: b\n...\n---\nmodels: [{config_name: c}]\n", "yaml"
    )
    assert [config["config_name"] for config in configs(loaded)] == ["a", "b", "c"]
    assert [entry.problem("MH1", "x", "config_name").place for entry in loaded.entries] == [
        "models.yaml:1:14",
        "models.yaml:5:16",
        "models.yaml:8:24",
    ]


def test_alias_bombs_are_refused() -> None:
    nested = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    wide = f"a: &a [{'x, ' * 2000}]\nb: [{'*a, ' * 1000}]\n"
    for text in (nested, wide):
        assert "MH101 the aliases stand for more than 1,000,000 values" in str(load_str(text, "yaml").problems[-1])


@pytest.mark.parametrize("depth", [201, 1000, 100_000])
@pytest.mark.parametrize(("format", "before"), [("yaml", ""), ("json", ""), ("toml", "a = ")])
def test_deep_nesting_is_refused(format: str, before: str, depth: int) -> None:
    problems = load_str(before + "[" * depth + "]" * depth, format).problems
    problem = next(problem for problem in problems if "nested deeper than 200 levels" in problem.message)
    assert (problem.line, 190 < (problem.column or 0) < 210) == (1, True)


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_numbers_too_large(format: str) -> None:
    assert "too large" in str(load_str('{"a": ' + "1" * 5000 + "}", format).problems[0])


def test_bytes_that_are_not_text() -> None:
    for content, place in [
        (b"a: 1\nb: \xc3\xa9\xff", "x:2:5"),
        (b"\xef\xbb\xbf\xff", "x:1:1"),
        ("a: 1".encode("utf-16"), "x:1:1"),
    ]:
        problem = only(load_text(content, name="x", format="yaml"))
        assert (problem.place, problem.code, "UTF-8" in str(problem)) == (place, "MH101", True)


def test_python_objects_are_copied() -> None:
    given = [ONE, {"models": [{"config_name": "b", "x": (1, {"y": 2})}]}]
    loaded = load(given)
    given[1]["models"][0]["x"][1]["y"] = 3  # type: ignore[index]
    assert configs(loaded) == [ONE, {"config_name": "b", "x": [1, {"y": 2}]}]
    assert [entry.path for entry in loaded.entries] == [(0,), (1, "models", 0)]
    assert loaded.entries[1].document.locate(()) is None
    problem = loaded.entries[1].problem("MH201", "wrong", "x", 0, hint="fix", severity="warning")
    assert problem == Problem(
        "MH201", "wrong", "fix", severity="warning", config_name="b", path=(1, "models", 0, "x", 0)
    )


def test_python_objects_that_are_no_configs() -> None:
    cycle: dict[str, Any] = {"list": []}
    cycle["list"].append(cycle)
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    places = [
        str(problem)
        for problem in load([{1: 2}, cycle, {"a": deep}, {"b": object(), "c": float("nan")}, 3, None]).problems
    ]
    expected = ["[0]: MH106 the key 1 must be a str", "[1].list[0]: MH106 the value contains itself", "nested deeper"]
    expected += ["[3].b: MH106 a value of type object", "[3].c: MH106 nan", "[4]: MH106 an item must be", "[5]: MH106"]
    assert len(places) == len(expected)
    assert all(part in place for part, place in zip(expected, places, strict=True))


@pytest.mark.parametrize("wrong", [None, 3, b"models.yaml", {1}, iter(())])
def test_types_that_are_not_accepted(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"a dict, a list of dicts and paths, .*\.toml"):
        load(wrong)


def test_paths(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("config_name: b")
    (tmp_path / "a.JSON").write_text('[{"config_name": "a"}]')
    (tmp_path / "c.toml").write_text('[[models]]\nconfig_name = "c"\n')
    (tmp_path / ".hidden.yaml").write_text("[")
    (tmp_path / "readme.md").write_text("[")
    (tmp_path / "folder.yaml").mkdir()
    loaded = load(tmp_path)
    assert [config["config_name"] for config in configs(loaded)] == ["a", "b", "c"]
    assert loaded.entries[0].document.name == str(tmp_path / "a.JSON")
    mixed = load([f"{tmp_path}/./b.yml", ONE, tmp_path / "c.toml", str(tmp_path)])
    assert [entry.document.name for entry in mixed.entries[:3]] == [
        f"{tmp_path}/./b.yml",
        None,
        str(tmp_path / "c.toml"),
    ]
    assert len(configs(mixed)) == 4  # each file once
    assert "is a folder" in only(load(tmp_path, folder_ok=False)).message
    assert configs(load([])) == configs(load_str("[]", "json")) == configs(load({"models": [], "version": 1})) == []


def test_every_fault_of_every_file(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_text("- config_name: a\n  config_name: b\n- 3\n")
    (tmp_path / "2.json").write_text("{,}")
    (tmp_path / "3.toml").write_text("models = 1")
    loaded = load([tmp_path, "missing.yaml", {"config_name": "x", "y": {3}}])
    assert [problem.code for problem in loaded.problems] == ["MH105", "MH106", "MH101", "MH106", "MH101", "MH106"]
    assert [entry.config["config_name"] for entry in loaded.entries] == ["a", "x"]


def make_paths(root: Path) -> Iterator[tuple[str, str]]:
    (root / "models.yaml").write_text("config_name: a")
    (root / "empty").mkdir()
    (root / "loop.yaml").symlink_to(root / "loop.yaml")
    (root / "gone.yaml").symlink_to(root / "nowhere.yaml")
    os.mkfifo(root / "pipe.yaml")
    for name in ("notes.txt", "bare"):
        (root / name).touch()
    with (root / "huge.json").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    yield "model.yaml", "/models.yaml'"
    yield "no/such/x.yaml", "there is no folder"
    yield "empty", ".json, .jsonc, .yaml, .yml, .toml"
    yield "loop.yaml", "symbolic links"
    yield "gone.yaml", "a link to a file that does not exist"
    yield "pipe.yaml", "not a regular file"
    yield "notes.txt", "'.txt' is not known; the accepted ones are .json, .jsonc, .yaml, .yml, .toml"
    yield "bare", "no suffix"
    yield "huge.json", "larger than 10 MB"
    yield "x\0.yaml", "null"
    yield "x" * 5000, "too long"


def test_paths_that_give_no_config(tmp_path: Path) -> None:
    for name, wording in make_paths(tmp_path):
        problem = only(load(f"{tmp_path}/{name}"))
        assert (problem.code, problem.file) == ("MH101", f"{tmp_path}/{name}")
        assert wording in str(problem)
    assert str(only(load(""))) == "MH101 the path is empty"
    text = str(only(load("api_key: hunter2\n")))
    assert text == "MH101 the path does not exist; pass a path, not the text of a file"
    with pytest.raises(ValueError, match="yaml, json, jsonc or toml"):
        load_text(b"", name="<stdin>", format="ini")


def test_import_is_light() -> None:
    heavy = ["yaml", "tomllib", "difflib", "importlib.metadata", "modelhub.configs.readers.json_reader"]
    code = f"import sys, modelhub.configs; sys.exit(str([name for name in {heavy} if name in sys.modules]))"
    ran = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=False)
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize("format", ["yaml", "json", "toml"])
def test_places_that_were_forgotten_are_found_again(format: str) -> None:
    text = {
        "yaml": "# 1\nconfig_name: a\n---\n- config_name: b\n  model_name: &m x\n- {config_name: c, model_name: *m}\n",
        "json": '{\n"config_name": "a",\n "model_name": "x"}',
        "toml": 'config_name = "a"\n[[models]]\nmodel_name = "x"\n',
    }[format]
    paths: list[tuple[Any, ...]] = [(), ("config_name",), ("model_name",), (0, "model_name"), (1, "model_name"), (7,)]
    documents = [item for item in read_documents(text.encode(), name="f", format=format) if isinstance(item, Document)]
    assert len(documents) == (2 if format == "yaml" else 1)
    for document in documents:
        known = [(document.locate(path), document.read_source(path)) for path in paths]
        document.forget_places()
        assert [(document.locate(path), document.read_source(path)) for path in paths] == known
        assert any(source for _, source in known)


def test_a_registry_still_says_where_values_stand(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("- config_name: a\n  model_type: openai_chat\n  model_name: m\n  api_key: ${MODELHUB_TEST_NONE}\n")
    hub = ModelRegistry(path)
    path.unlink()
    with pytest.raises(ConfigError) as caught:
        hub.get_model("a")("hi")
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [(4, 12)]
