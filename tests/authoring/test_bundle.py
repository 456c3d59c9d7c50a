"""The schema for editors agrees with what validation says, and the generated files are up to date."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from modelhub.authoring.editor_schema import build_bundle, find_flaw, load_built_ins, print_bundle
from modelhub.authoring.reference_page import build_reference
from modelhub.configs import Sources
from modelhub.configs.layers.entry import Entry
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.yaml_reader import parse_yaml
from modelhub.registry import checking
from modelhub.validation import check, load_schema
from modelhub.validation.schema.flatten import flatten

from ..paths import ROOT, TESTS

CONFIGS = TESTS / "configs"
SUFFIXES = {".yaml", ".yml", ".json", ".toml"}
SHAPE = {"MH102", "MH104", "MH107", "MH201", "MH202"}  # what a schema by itself can tell
UNTOLD = {"MH110", "MH401"}  # what it cannot, and does not call an error
BUILT_IN = load_built_ins()
BUNDLE = build_bundle(BUILT_IN)


def find_files(folder: str) -> list[Path]:
    paths = (ROOT / folder).rglob("*")
    return sorted(path for path in paths if path.suffix in SUFFIXES and not path.name.endswith(".expected.json"))


def read(path: Path) -> Any:
    text = path.read_text("utf-8")
    if path.suffix == ".toml":
        return tomllib.loads(text)
    return json.loads(text) if path.suffix == ".json" else next(parse_yaml(text)).data


def find_errors(value: Any, bundle: dict[str, Any] = BUNDLE) -> list[str]:
    return [error.message for error in Draft202012Validator(bundle).iter_errors(value)]


def find_codes(path: Path) -> set[str]:
    expected = path.with_suffix(".expected.json")
    return {problem["code"] for problem in json.loads(expected.read_text("utf-8"))} if expected.exists() else set()


def test_generated_files_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "generate_docs"), "--check", "reference", "bundle"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), "run scripts/generate_docs"


def test_stale_files_are_named(tmp_path: Path) -> None:
    for folder in ("scripts", "docs", "schemas", "wrappers"):
        (tmp_path / folder).mkdir()
    for name in ("pyproject.toml", "scripts/generate_docs", "docs/reference.md", "schemas/_bundle.json"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for wrapper in (ROOT / "wrappers").glob("*.py"):
        (tmp_path / "wrappers" / wrapper.name).write_bytes(wrapper.read_bytes())
    (tmp_path / "schemas" / "_bundle.json").write_text("{}")
    script = [sys.executable, str(tmp_path / "scripts" / "generate_docs"), "reference", "bundle"]
    checked = subprocess.run([*script, "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert checked.stderr == "schemas/_bundle.json is stale: run scripts/generate_docs bundle\n"
    written = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (written.returncode, written.stdout) == (0, "schemas/_bundle.json\n")
    assert (tmp_path / "schemas" / "_bundle.json").read_text("utf-8") == print_bundle(BUNDLE)


def test_the_bundle_is_a_schema_that_stands_alone_and_is_the_same_each_time() -> None:
    Draft202012Validator.check_schema(BUNDLE)
    text = print_bundle(BUNDLE)
    assert {reference for reference in find_references(BUNDLE) if not reference.startswith("#/$defs/")} == set()
    assert text == print_bundle(build_bundle({name: BUILT_IN[name] for name in reversed(BUILT_IN)}))
    assert BUNDLE["$defs"]["_entry"]["properties"]["model_type"]["enum"] == sorted(BUILT_IN)
    assert load_schema("_bundle") is None and "_bundle" not in BUILT_IN


def find_references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(find_references(item) for item in node.values()))
    return set().union(*(find_references(item) for item in node)) if isinstance(node, list) else set()


@pytest.mark.parametrize("model_type", sorted(BUILT_IN))
def test_examples_fit_in_every_form_of_a_file(model_type: str) -> None:
    for example in BUILT_IN[model_type]["examples"]:
        for value in (example, [example], {"models": [example]}, {"version": 1, "models": [example], "defaults": {}}):
            assert find_errors(value) == []
        assert len(find_errors([{**example, "no_such_key": 1}])) == 1
        assert find_errors({"defaults": {model_type: {"no_such_key": 1}}}) != []
        assert find_errors([{**example, "stream": "${STREAMS}"}]) == []
        assert find_errors([{**example, "stream": "soon"}]) != []


@pytest.mark.parametrize("path", find_files("tests/configs/valid"), ids=lambda path: path.name)
def test_valid_configs_are_valid_in_an_editor(path: Path) -> None:
    if find_codes(path) <= UNTOLD:
        assert find_errors(read(path)) == []


@pytest.mark.parametrize("path", find_files("tests/configs/invalid"), ids=lambda path: path.name)
def test_invalid_configs_are_invalid_in_an_editor(path: Path) -> None:
    if find_codes(path) & SHAPE:
        assert find_errors(read(path)) != []


@pytest.mark.parametrize("folder", sorted((CONFIGS / "layers").iterdir()), ids=lambda path: path.name)
def test_layered_files_without_problems_are_valid_in_an_editor(folder: Path) -> None:
    runs = json.loads((folder / "expected.json").read_text("utf-8"))["runs"]
    if not any(run["problems"] for run in runs):
        for path in find_files(str(folder.relative_to(ROOT))):
            assert path.name == "expected.json" or find_errors(read(path)) == [], path


EXAMPLES = [path for path in find_files("model_configs") if "fixtures" not in path.parts]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_configs_are_valid_in_an_editor(path: Path) -> None:
    assert find_errors(read(path)) == []


LAYERS = {
    "defaults of a type": ({"defaults": {"openai_chat": {"timeout": 5}}}, True),
    "defaults of all": ({"defaults": {"all": {"timeout": 5, "host": "http://a"}}}, True),
    "defaults of no type": ({"defaults": {"openai_caht": {"timeout": 5}}}, False),
    "a type given by default": (
        {"defaults": {"all": {"model_type": "yi_chat"}}, "models": [{"config_name": "a"}]},
        True,
    ),
    "no type given": ({"models": [{"config_name": "a"}]}, False),
    "url given by default": (
        {"defaults": {"post_api": {"api_url": "http://a"}}, "models": [{"config_name": "a", "model_type": "post_api"}]},
        True,
    ),
    "extends": ([{"config_name": "a", "extends": "b", "host": "http://a"}], True),
    "extends, misspelt": ([{"config_name": "a", "extend": "b", "model_type": "yi_chat"}], False),
    "abstract": ([{"config_name": "a", "abstract": True, "timeout": 1}], True),
    "nameless": ([{"extends": "b"}], False),
    "include": ({"include": "a.yaml"}, True),
    "includes": ({"include": ["a.yaml", "b/*.json"], "models": []}, True),
    "include of a number": ({"include": 1}, False),
    "profile by name": ({"profiles": {"prod": {"a": {"timeout": None}, "b": None}, "dev": None}}, True),
    "profile as a list": ({"profiles": {"prod": [{"config_name": "a", "timeout": 1}]}}, True),
    "profile as a list, nameless": ({"profiles": {"prod": [{"timeout": 1}]}}, False),
    "profile like a file": (
        {"profiles": {"prod": {"models": {"a": {"timeout": 1}}, "defaults": {"all": {"timeout": 1}}}}},
        True,
    ),
    "profile with an unknown key": ({"profiles": {"prod": {"a": {"timeuot": 1}}}}, False),
    "models by name": ({"models": {"a": {"model_type": "yi_chat", "config_name": "a"}}}, True),
    "models by name, with an unknown key": ({"models": {"a": {"model_type": "yi_chat", "timeuot": 1}}}, False),
    "models by name, one of no type": ({"models": {"a": {"model_type": "yi_chat"}, "b": {"timeout": 1}}}, False),
    "models by name, with defaults": (
        {"models": {"a": {"timeout": 1}}, "defaults": {"all": {"model_type": "yi_chat"}}},
        True,
    ),
    "models by name, text": ({"models": {"config_name": "a"}}, False),
    "no models by name": ({"models": {}}, False),
    "only models by name": ({"$schema": "s.json", "a": {"model_type": "yi_chat"}, "b": {"extends": "a"}}, True),
    "only models by name, misspelt": ({"a": {"model_type": "yi_chat", "timeuot": 1}}, False),
    "mappings of something else": ({"a": {"timeout": 1}}, False),
    "$schema beside one": ({"$schema": "s.json", "config_name": "a", "model_type": "yi_chat"}, True),
    "$schema in items": ([{"$schema": "s.json", "config_name": "a", "model_type": "yi_chat"}], True),
    "$schema beside models": ({"$schema": "s.json", "models": [{"config_name": "a", "model_type": "yi_chat"}]}, True),
    "$schema by name": ({"models": {"a": {"$schema": "s.json", "model_type": "yi_chat"}}}, True),
    "$schema of a number": ({"$schema": 1, "config_name": "a", "model_type": "yi_chat"}, False),
    "an option above its place": ({"config_name": "a", "model_type": "openai_chat", "max_tokens": 9}, True),
    "an address above its place": ({"config_name": "a", "model_type": "openai_chat", "base_url": "http://a"}, False),
    "version": ({"version": 1, "models": []}, True),
    "wrong version": ({"version": 2, "models": []}, False),
    "text": ("models", False),
    "items of text": (["models"], False),
}


@pytest.mark.parametrize("name", LAYERS)
def test_everything_else_a_file_may_hold(name: str) -> None:
    value, is_valid = LAYERS[name]
    assert (find_errors(value) == []) is is_valid


@pytest.mark.parametrize("name", [name for name in LAYERS if "by name" in name or "$schema" in name])
def test_validation_agrees_about_names_and_editors_keys(name: str) -> None:
    value, is_valid = LAYERS[name]
    sources = Sources()
    sources.add(value)
    said = {problem.code for problem in checking.read(sources).problems if problem.severity == "error"}
    assert (not said - {"MH303"}) is is_valid, said


PLUGINS: dict[str, dict[str, Any]] = {
    "acme/odd ~type%": {
        "type": "object",
        "properties": {"config_name": {}, "model_type": {}, "tree": {"$ref": "#/$defs/tree"}, "no": {"$ref": "#/no"}},
        "$defs": {"tree": {"type": "object", "properties": {"below": {"$ref": "#/$defs/tree"}}}},
        "if": {"properties": {"tree": {"required": ["below"]}}},
        "then": {"properties": {"more": {"type": "integer"}}, "required": ["more"]},
        "unevaluatedProperties": False,
    },
    "acme_open": {
        "type": "object",
        "properties": {"size": {"allOf": [{"type": "integer"}, {"minimum": 2}], "minimum": 1}},
    },
}


def test_schemas_of_plugins_are_a_part_of_it() -> None:
    bundle = build_bundle({**BUILT_IN, **PLUGINS})
    Draft202012Validator.check_schema(bundle)
    odd = {"config_name": "a", "model_type": "acme/odd ~type%"}
    assert find_errors([{**odd, "tree": {"below": {"below": {}}}, "more": 1}], bundle) == []
    assert find_errors([{**odd, "tree": {"below": {}}}], bundle) == ["'more' is a required property"]
    assert find_errors([{**odd, "else": 1}], bundle) != []
    assert find_errors([{"config_name": "a", "model_type": "acme_open", "size": 1}], bundle) != []
    assert find_errors([{"config_name": "a", "model_type": "acme_open", "size": 2, "free": 1}], bundle) == []
    assert find_errors([{"config_name": "a", "extends": "b", "free": 1}], bundle) == []


def test_broken_schemas_of_plugins_are_told() -> None:
    assert find_flaw({"type": "object"}) is None
    assert "its schema is none" in str(find_flaw({"properties": 5}))


def test_flat_schemas_accept_what_schemas_accept() -> None:
    for name, schema in BUILT_IN.items():
        flat = Draft202012Validator(flatten(schema))
        for path in find_files("tests/configs"):
            try:
                value = read(path)
            except ValueError:
                continue
            for config in value if isinstance(value, list) else [value]:
                if isinstance(config, dict) and config.get("model_type") == name:
                    document = Document([config])
                    found = check([Entry(config, document, (0,))], schema_of=load_schema, model_types=BUILT_IN)
                    if not found:
                        references = "${" in json.dumps(config)
                        assert references or flat.is_valid(config), (path, config)


def test_the_reference_has_every_key_once() -> None:
    page = build_reference(BUILT_IN, {"yi_chat": "https://yi.example/docs"})
    assert "<https://yi.example/docs>" in page
    sections = {part.partition("\n")[0]: part for part in page.split("\n## ")}
    common = sections["Common keys"]
    for name, schema in BUILT_IN.items():
        for key, about in flatten(schema)["properties"].items():
            rows = sections[name].count(f"\n| `{key}` |") + sections[name].count(f"\n- `{key}`:")
            assert rows == 1 or (rows == 0 and f"\n| `{key}` |" in common), (name, key)
            if about.get("deprecated"):
                assert f"\n- `{key}`:" in sections[name]


def run(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "modelhub", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=cwd)


def test_the_command(tmp_path: Path) -> None:
    printed = run("schema", "--bundle", cwd=tmp_path)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert set(BUILT_IN) <= set(json.loads(printed.stdout)["$defs"])
    written = run("schema", "--bundle", "-o", "models.schema.json", cwd=tmp_path)
    assert (written.returncode, written.stdout, written.stderr) == (0, "models.schema.json\n", "")
    assert (tmp_path / "models.schema.json").read_text("utf-8") == printed.stdout
    nowhere = run("schema", "--bundle", "-o", "no/such/folder.json", cwd=tmp_path)
    assert nowhere.returncode == 74 and "Traceback" not in nowhere.stderr
    assert run("schema", "openai_chat", "--bundle", cwd=tmp_path).returncode == 2
