"""Models below their names: the key is the config_name, wherever the mapping stands and whatever its format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelhub.configs import Loaded, Sources
from modelhub.registry import checking
from modelhub.registry.registry import ModelRegistry

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=8)
CONFIGS = st.fixed_dictionaries({"model_type": st.just("openai_chat")}, optional={"timeout": st.integers(1, 9)})
RESERVED = {"$schema", "config_name", "model_type", "models", "defaults", "profiles", "include", "version"}


def read(value: Any) -> Loaded:
    sources = Sources()
    sources.add(value)
    return checking.read(sources)


def read_text(text: str, format: str) -> Loaded:
    sources = Sources()
    sources.add_text(text.encode(), name=f"m.{format}", format=format)
    return checking.read(sources)


def write_toml(models: dict[str, dict[str, Any]], before: str) -> str:
    lines = []
    for name, config in models.items():
        lines.append(f"[{before}{json.dumps(name, ensure_ascii=False)}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in config.items()]
    return "\n".join(lines)


def find_wrong(loaded: Any) -> list[Any]:
    """What is wrong but for odd characters in names, of which there is a warning."""
    return [problem for problem in loaded.problems if problem.code != "MH112"]


@given(
    st.dictionaries(NAMES.filter(lambda name: name.strip() and name not in RESERVED), CONFIGS, min_size=1, max_size=4)
)
def test_a_mapping_is_the_list_with_names(models: dict[str, dict[str, Any]]) -> None:
    listed = [{"config_name": name, **config} for name, config in models.items()]
    for value in ({"models": models}, models):
        loaded = read(value)
        assert not find_wrong(loaded)
        assert [entry.config for entry in loaded.entries] == listed
        for format, text in (
            ("json", json.dumps(value)),
            ("yaml", yaml.safe_dump(value, sort_keys=False, allow_unicode=True)),
            ("toml", write_toml(models, "models." if value is not models else "")),
        ):
            loaded = read_text(text, format)
            assert not find_wrong(loaded), text
            assert [entry.config for entry in loaded.entries] == listed


FORMS = {
    "yaml": "models:\n  gpt: {model_type: openai_chat, timeuot: 1}\n  ' ': {model_type: openai_chat}\n",
    "json": '{"models": {"gpt": {"model_type": "openai_chat", "timeuot": 1},\n  " ": {"model_type": "openai_chat"}}}',
    "toml": "[models.gpt]\nmodel_type = 'openai_chat'\ntimeuot = 1\n[models.' ']\nmodel_type = 'openai_chat'\n",
}


@pytest.mark.parametrize("format", FORMS)
def test_problems_stand_where_they_are_written(format: str) -> None:
    unknown, empty = read_text(FORMS[format], format).problems
    lines = FORMS[format].split("\n")
    assert (unknown.code, unknown.config_name) == ("MH103", "gpt")
    assert lines[(unknown.line or 0) - 1][(unknown.column or 0) - 1 :].strip('"').startswith("timeuot")
    assert empty.code == "MH201"
    assert lines[(empty.line or 0) - 1][(empty.column or 0) - 1 :].startswith(("' '", '" "'))


def test_layers_reach_them_and_explain_says_where_the_name_is(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "defaults: {all: {timeout: 3}}\n"
        "profiles: {prod: {gpt: {timeout: 9}}}\n"
        "models:\n  base: {abstract: true, model_type: openai_chat}\n  gpt: {extends: base, model_name: m}\n"
        "  one: {model_type: openai_chat}\n"
    )
    with ModelRegistry(path, profile="prod") as hub:
        assert hub.names() == ["gpt", "one"]
        assert [hub.config(name)["timeout"] for name in hub.names()] == [9, 3]
        for name, line in (("gpt", 5), ("one", 6)):
            [place] = [value.source for value in hub.explain(name) if value.key == "config_name"]
            assert place == f"{path}:{line}:3"


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[models.gpt]\nmodel_type = 'openai_chat'\n")
    (tmp_path / "b.yaml").write_text("models:\n  gpt: {model_type: openai_chat}\n")
    [problem] = read(tmp_path).problems
    assert (problem.code, problem.line, problem.column) == ("MH108", 2, 3)
    assert "a.toml:1:9" in problem.message


@pytest.mark.parametrize("inner", ["other", 1, None])
def test_a_name_that_contradicts_its_key(inner: Any) -> None:
    for value in (
        {"models": {"gpt": {"config_name": inner, "model_type": "openai_chat"}}},
        {"gpt": {"config_name": inner, "model_type": "openai_chat"}},
        {"profiles": {"prod": {"gpt": {"config_name": inner}}}},
    ):
        [problem] = read(value).problems
        assert (problem.code, problem.hint) == ("MH106", "leave it out")
        assert problem.path[-2:] == ("gpt", "config_name")


def test_the_key_that_editors_read() -> None:
    config = {"$schema": "./models.schema.json", "config_name": "a", "model_type": "openai_chat"}
    for value in (
        config,
        [config],
        {"$schema": "x", "models": [config]},
        {"models": {"a": config}},
        {"$schema": "x", "a": config},
    ):
        loaded = read(value)
        assert not find_wrong(loaded)
        assert [entry.config for entry in loaded.entries] == [{"config_name": "a", "model_type": "openai_chat"}]
    [problem] = read({**config, "$schema": 3}).problems
    assert problem.code == "MH103"
