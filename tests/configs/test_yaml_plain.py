"""Plain YAML is read without the places of its values, and gives the same data as the full reading."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelhub.configs.readers import yaml_plain, yaml_reader
from modelhub.configs.readers.json_types import copy_plain

from ..paths import ROOT, TESTS

PLAIN: dict[str, tuple[str, list[tuple[Any, int]]]] = {
    "nothing": ("", []),
    "a document that is empty": ("---\n", [(None, 0)]),
    "a scalar": ("a", [("a", 0)]),
    "values": (
        "a: 1\nb: [1.5, true, null, x]\nc: {d: '1'}",
        [({"a": 1, "b": [1.5, True, None, "x"], "c": {"d": "1"}}, 8)],
    ),
    "two documents": ("a: 1\n---\n- b\n", [({"a": 1}, 1), (["b"], 1)]),
    "keys are texts": ("1: a\ntrue: b\n", [({"1": "a", "true": "b"}, 2)]),
    "a date": ("a: 2024-01-01", [({"a": "2024-01-01"}, 1)]),
}
UNUSUAL = {
    "a fault": "a: [",
    "an alias": "a: &x 1\nb: *x",
    "a tag": "a: !!str 1",
    "a merge": "<<: {a: 1}",
    "a merge, after its sign as a value": "a: <<\n<<: {b: 1}",
    "a key twice": "a: 1\na: 2",
    "a key that is no text": "[a]: 1",
    "a number that is endless": "a: .inf",
    "a number that is too large": "a: " + "9" * 4001,
    "a key that is too large a number": "'" + "9" * 4001 + "': 1\n" + "9" * 4001 + ": 2",
    "half a character": 'a: "\\ud800"',
    "another version": "%YAML 1.2\n---\na: 1",
    "what 1.2 reads otherwise": "a: yes",
    "levels": "[" * 201 + "]" * 201,
}


@pytest.mark.parametrize("case", PLAIN)
def test_plain_yaml(case: str) -> None:
    text, expected = PLAIN[case]
    assert yaml_plain.read_plain(text) == expected


@pytest.mark.parametrize("case", UNUSUAL)
def test_what_is_unusual_is_left_to_the_full_reading(case: str) -> None:
    assert yaml_plain.read_plain(UNUSUAL[case]) is None


def test_equal_texts_are_one_object() -> None:
    ((data, _),) = yaml_plain.read_plain("- {name: gpt, url: 'x y'}\n- {name: gpt, url: 'x y'}") or [(None, 0)]
    assert data[0]["name"] is data[1]["name"]
    assert data[0]["url"] is data[1]["url"]


FILES = sorted(
    path
    for folder in (ROOT / "model_configs", TESTS / "configs" / "valid", TESTS / "configs" / "layers", TESTS / "corpus")
    for path in folder.rglob("*.y*ml")
)


def test_both_readings_give_the_same_data() -> None:
    plain = 0
    for path in FILES:
        text = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
        found = yaml_plain.read_plain(text)
        if found is not None:
            plain += 1
            full = [parsed.data for parsed in yaml_reader._parse_fully(text)]
            assert json.dumps([data for data, _ in found]) == json.dumps(full), path
            assert all(copy_plain(data) == (data, []) for data, _ in found), path
    assert plain > len(FILES) / 2
