"""The configs in tests/configs have exactly the problems that the files beside them list."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.configs import load
from modelhub.configs.layers.entry import Entry
from modelhub.configs.readers.document import Document
from modelhub.errors import Problem
from modelhub.validation import CODES, check, check_prices, load_schema

from ..paths import TESTS

TYPES = [
    *("ollama_chat", "openai_chat", "openai_embedding", "post_api", "post_api_chat"),
    *("fallback", "router", "cascade", "chain"),
]
CONFIGS = TESTS / "configs"
VALID = [path for path in sorted((CONFIGS / "valid").rglob("*.*")) if not path.name.endswith(".expected.json")]
INVALID = [path for path in sorted((CONFIGS / "invalid").rglob("*.*")) if not path.name.endswith(".expected.json")]


def check_file(path: Path) -> list[Problem]:
    loaded = load(path)
    found = check(loaded.entries, schema_of=load_schema, model_types=TYPES)
    return sorted(
        [*loaded.problems, *found, *check_prices(loaded.prices)],
        key=lambda problem: (problem.line or 0, problem.column or 0),
    )


def check_objects(*configs: dict[str, Any], schema_of: Any = load_schema, types: Any = TYPES) -> list[Problem]:
    document = Document(list(configs))
    entries = [Entry(config, document, (index,)) for index, config in enumerate(configs)]
    return check(entries, schema_of=schema_of, model_types=types)


def expected_of(path: Path) -> list[dict[str, Any]]:
    file = path.with_suffix(".expected.json")
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return found


def agrees(problem: Problem, expected: dict[str, Any]) -> bool:
    exact = {"severity": "error", **expected}
    told = {key: exact.pop(key, "") for key in ("message", "hint")}
    return (
        all(getattr(problem, key) == value for key, value in exact.items())
        and told["message"] in problem.message
        and told["hint"] in (problem.hint or "")
    )


@pytest.mark.parametrize("path", [*VALID, *INVALID], ids=lambda path: path.relative_to(CONFIGS).as_posix())
def test_config(path: Path) -> None:
    problems = check_file(path)
    expected = expected_of(path)
    found = "\n".join(f"{problem.severity} {problem}" for problem in problems)
    assert len(problems) == len(expected), found
    for problem, wanted in zip(problems, expected, strict=True):
        assert agrees(problem, wanted), f"wanted {wanted}\nfound {problem.severity} {problem}"


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.name)
def test_valid_configs_hold_no_errors(path: Path) -> None:
    assert all(expected["severity"] == "warning" for expected in expected_of(path))


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.name)
def test_invalid_configs_hold_errors(path: Path) -> None:
    assert any(expected.get("severity", "error") == "error" for expected in expected_of(path))


@pytest.mark.parametrize("path", [*VALID, *INVALID], ids=lambda path: path.name)
def test_no_message_shows_a_secret(path: Path) -> None:
    for problem in check_file(path):
        assert "hunter2" not in str(problem)
        assert "4711" not in str(problem)


def test_every_code_is_explained_and_every_expectation_uses_one() -> None:
    used = {expected["code"] for path in [*VALID, *INVALID] for expected in expected_of(path)}
    assert used <= set(CODES)
    assert all(re.fullmatch(r"MH[1-5]\d\d", code) and meaning for code, meaning in CODES.items())


SMALL = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 5), st.floats(-3, 3), st.sampled_from(["", "a", "low", "http://a", "5m"])
)
VALUES = st.recursive(
    SMALL, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
)


def test_problems_of_objects_come_in_the_order_of_their_keys() -> None:
    config = {
        "zzz": 1,
        "timeout": 0,
        "config_name": 3,
        "generate_args": {"n": 0, "seed": "x"},
        "model_type": "openai_chat",
    }
    problems = check_objects(config)
    assert [problem.path[1:] for problem in problems] == [
        ("zzz",),
        ("timeout",),
        ("config_name",),
        ("generate_args", "n"),
        ("generate_args", "seed"),
    ]


def test_duplicate_names_across_files_name_the_first(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("- model_type: openai_chat\n  config_name: twin\n")
    problems = check_file(tmp_path)
    assert [problem.code for problem in problems] == ["MH108"]
    assert Path(problems[0].file or "").name == "b.yaml"
    assert "a.yaml:2:16" in problems[0].message


def test_duplicate_names_in_objects_name_the_first() -> None:
    config = {"config_name": "a", "model_type": "openai_chat"}
    (problem,) = check_objects(config, dict(config))
    assert problem.path == (1, "config_name")
    assert "model_configs[0].config_name" in problem.message


def test_type_without_a_schema_is_checked_for_the_common_keys_only() -> None:
    config = {"config_name": "a", "model_type": "acme", "timeout": 0, "anything": 1, "generate_args": {"temperatur": 9}}
    problems = check_objects(config, schema_of=lambda _: None, types=["acme"])
    assert [(problem.code, problem.severity, problem.path[1:]) for problem in problems] == [
        ("MH503", "warning", ("model_type",)),
        ("MH201", "error", ("timeout",)),
    ]


def test_shared_yaml_anchor_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "anchors.yaml"
    first = "- &a {config_name: a, model_type: openai_chat, timeout: 0}\n"
    path.write_text(first + "- {<<: *a, config_name: b}\n- {<<: *a, config_name: c}\n")
    assert [problem.code for problem in check_file(path)] == ["MH201"]


PLUGIN = {
    "$id": "https://acme.example/schemas/acme.json",
    "allOf": [{"$ref": "_common.json#/$defs/common"}],
    "properties": {
        "mode": {"oneOf": [{"type": "string", "enum": ["fast", "good"]}, {"type": "integer", "minimum": 1}]},
        "pin": {"type": "string", "writeOnly": True, "pattern": "^[0-9]+$"},
        "vault": {"writeOnly": True, "properties": {"inner": {"type": "string"}}},
        "even": {"type": "integer", "multipleOf": 2},
        "names": {"type": "array", "uniqueItems": True, "maxItems": 2, "items": {"maxLength": 3}},
        "where": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
        "odd": {"not": {"const": 4}},
    },
    "dependentRequired": {"even": ["names"]},
    "if": {"properties": {"mode": {"const": "good"}}, "required": ["mode"]},
    "then": {"properties": {"allowance": {"type": "number"}}, "required": ["allowance"]},
    "unevaluatedProperties": False,
}


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"mode": "fast"}, []),
        ({"mode": "good", "allowance": 3}, []),
        ({"mode": "fsat"}, ["MH202 mode must be one of 'fast' or 'good', not 'fsat'"]),
        ({"mode": 0}, ["MH201 mode must be at least 1, not 0"]),
        ({"mode": []}, ["MH104 mode must be a string or an integer, not a list"]),
        ({"mode": "good"}, ["MH102 the key 'allowance' is missing"]),
        ({"pin": "hunter2"}, ["MH203 pin must be in the format ^[0-9]+$"]),
        ({"pin": 4711}, ["MH104 pin must be a string, not a number"]),
        ({"vault": {"inner": 4711}}, ["MH104 vault.inner must be a string, not a number"]),
        ({"even": 3, "names": []}, ["MH201 even must be a multiple of 2, not 3"]),
        ({"names": ["a", "a"]}, ["MH201 names must not hold the same item twice"]),
        ({"names": ["abcd"]}, ["MH201 names[0] must have at most 3 characters, not 'abcd'"]),
        ({"where": {}}, ["MH102 the key 'zone' is missing in where"]),
        ({"where": {"zoen": "a"}}, ["MH103 unknown key 'zoen' in acme.where"]),
        ({"odd": 4}, ["MH100 odd does not fit the schema (not)"]),
        ({"allowance": 3}, ["MH103 the keys of the config do not go together"]),
        ({"timeout": 0, "mode": "fast"}, ["MH201 timeout must be greater than 0, not 0"]),
        ({"timeuot": 3}, ["MH103 unknown key 'timeuot' in acme"]),
    ],
)
def test_schema_of_a_plugin(keys: dict[str, Any], found: list[str]) -> None:
    config = {"config_name": "a", "model_type": "acme", **keys}
    problems = check_objects(config, schema_of=lambda _: PLUGIN, types=["acme"])
    assert [f"{problem.code} {problem.message}" for problem in problems] == found


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strng"},
        {"$ref": "https://acme.example/nowhere.json"},
        {"$ref": "#/$defs/nothing"},
        {"properties": []},
        {"properties": {"x": {"pattern": "("}}, "allOf": 3},
        {"$ref": "#"},
    ],
    ids=str,
)
def test_broken_schema_is_a_problem_of_the_plugin(schema: dict[str, Any]) -> None:
    config = {"config_name": "a", "model_type": "acme", "x": "hunter2"}
    problems = check_objects(config, schema_of=lambda _: schema, types=["acme"])
    assert [problem.code for problem in problems] == ["MH501"]
    assert problems[0].path == (0, "model_type")
    assert "hunter2" not in str(problems[0])


def test_unreadable_schema_is_a_problem_of_the_plugin() -> None:
    def schema_of(model_type: str) -> dict[str, Any]:
        raise OSError("hunter2")

    problems = check_objects({"config_name": "a", "model_type": "acme"}, schema_of=schema_of, types=["acme"])
    assert [problem.code for problem in problems] == ["MH501"]


@given(
    st.dictionaries(
        st.sampled_from(["config_name", "model_type", "timeout", "retry", "x"]), VALUES | st.sampled_from(TYPES)
    )
)
@settings(max_examples=300, deadline=None)
def test_anything_can_be_checked(config: dict[str, Any]) -> None:
    assert all(problem.code in CODES for problem in check_objects(config, config))


def test_python_values_that_no_file_can_hold() -> None:
    config: dict[Any, Any] = {
        "config_name": "a",
        "model_type": "openai_chat",
        "timeout": object(),
        "generate_args": {"stop": ("a",), 5: 1, "logit_bias": {50256: -100}},
        3: 4,
    }
    problems = check_objects(config)
    assert [problem.code for problem in problems] == ["MH104", "MH104", "MH110", "MH103"]
    assert "must be a list" not in problems[0].message
