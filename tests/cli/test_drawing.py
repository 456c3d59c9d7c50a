"""`modelhub explain` of a composite: its tree fits 80 columns, whatever is in it, and ends in the worst case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.cli.drawing import draw
from modelhub.registry.tree import Branch


def explain(folder: Path, configs: list[dict[str, Any]], *arguments: str) -> str:
    (folder / "m.json").write_text(json.dumps(configs), "utf-8")
    done = CliRunner().invoke(cli, ["explain", *arguments, "-c", str(folder / "m.json")])
    assert done.exit_code == 0, done.output
    return done.stdout


LONG = "a-very-long-name-" * 3
GPT: dict[str, Any] = {"config_name": "gpt", "model_type": "openai_chat"}


def test_long_names_and_conditions_are_folded(tmp_path: Path) -> None:
    routes = [{"to": LONG, "when": {"matches": "(python|sql) " * 30, "tags": [LONG]}}, {"to": "gpt"}]
    fallback = {"config_name": LONG, "model_type": "fallback", "models": ["gpt"], "timeout": 7.25}
    text = explain(tmp_path, [GPT, fallback, {"config_name": "r", "model_type": "router", "routes": routes}], "r")
    tree = text.partition("\n\n")[2].splitlines()
    assert max(map(len, tree)) <= 80
    assert tree[0] == "r  router  3 attempts, unbounded"
    assert tree[-3] == "`-- gpt  openai_chat  3 attempts, unbounded  for all other calls"
    assert all(line.startswith(("|", "`")) for line in tree[1:-2])
    assert tree[-2:] == ["", "worst case: 3 attempts, unbounded"]
    assert text.isascii()


def test_a_deep_tree_keeps_to_its_columns() -> None:
    root = branch = Branch("c0", "fallback", attempts=1, seconds=1.5)
    for n in range(1, 3000):
        branch.targets = [Branch(f"c{n}", "fallback", "now and then", 1, 0.1 + 0.2)]
        (branch,) = branch.targets
    lines = list(draw(root, 80))
    assert max(map(len, lines)) <= 80
    assert lines[0] == "c0  fallback  1 attempts, 1.5 s"
    assert lines[1] == "`-- c1  fallback  1 attempts, 0.3 s  now and then"
    assert "(2999)  c2999" in lines[-2]


def test_a_name_of_control_characters_does_nothing() -> None:
    (line,) = draw(Branch("\x1b[31mred\u202e", "fallback", "when matches is \n", 1, 1.0), 80)
    assert line == "\\x1b[31mred\\u202e  fallback  1 attempts, 1 s  when matches is \\n"


@pytest.mark.parametrize("name", ["gpt", "f.models"])
def test_other_configs_and_single_values_keep_their_form(tmp_path: Path, name: str) -> None:
    configs = [GPT, {"config_name": "f", "model_type": "fallback", "models": ["gpt"]}]
    assert "worst case" not in explain(tmp_path, configs, name)
    assert isinstance(json.loads(explain(tmp_path, configs, name, "--json")), list)


def test_json_tells_no_end_as_null(tmp_path: Path) -> None:
    configs = [GPT, {"config_name": "f", "model_type": "fallback", "models": ["gpt"]}]
    told = json.loads(explain(tmp_path, configs, "f", "--json"))
    assert told["worst_case"] == {"attempts": 3, "seconds": None}
    assert told["tree"]["targets"] == [
        {"config_name": "gpt", "model_type": "openai_chat", "worst_case": {"attempts": 3, "seconds": None}}
    ]
