"""Whatever a file holds, what is printed of it is short and does nothing to a terminal, in every report and command."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub import ConfigError, ModelRegistry, Problem
from modelhub.cli.app import cli
from modelhub.cli.printing import write_json
from modelhub.cli.reports import REPORTS
from modelhub.printable import printable, shorten

ODD = st.sampled_from(
    ["\x1b[31m", "\x07", "\r\n", "\n::error::forged", "\u202e", "\u200b", "\x9b2J", "\x7f", "\ufeff", "\u2028"]
)
TEXT = st.one_of(st.text(max_size=6), ODD, st.tuples(st.text(max_size=3), ODD).map("".join))
PLACES: dict[str, Callable[[str], dict[Any, Any]]] = {
    "config_name": lambda text: {"config_name": text},
    "model_type": lambda text: {"model_type": text},
    "key": lambda text: {text: 1},
    "option": lambda text: {"generate_args": {text: 1}},
    "value": lambda text: {"timeout": text},
    "choice": lambda text: {"model_type": "ollama_chat", "model_name": "m", "think": text},
    "address": lambda text: {"client_args": {"base_url": f"http:/{text}"}},
    "extends": lambda text: {"extends": text},
    "formatter": lambda text: {"formatter": text},
    "reference": lambda text: {"organization": f"${{{text}"},
    "secret": lambda text: {"api_key": text},
    "item": lambda text: {"generate_args": {"stop": [text, {text: text}]}},
    "profile": lambda text: {"models": [{"config_name": "b"}], "profiles": {text: {text: {text: text}}}},
    "defaults": lambda text: {"models": [{"config_name": "b"}], "defaults": {text: {text: text}}},
    "include": lambda text: {"models": [{"config_name": "b"}], "include": [text]},
}


def is_calm(text: str) -> bool:
    return all(char.isprintable() or char in "\n\t\u3000" for char in text)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(PLACES)), TEXT, st.sampled_from(["json", "yaml"]))
def test_nothing_reaches_the_terminal(
    tmp_path_factory: pytest.TempPathFactory, place: str, text: str, format: str
) -> None:
    data = {"config_name": "a", "model_type": "openai_chat", **PLACES[place](text)}
    file = tmp_path_factory.getbasetemp() / f"any.{format}"  # JSON is YAML, too
    file.write_text(json.dumps(data), "utf-8")
    for style in REPORTS:
        done = CliRunner().invoke(cli, ["validate", "--format", style, str(file)])
        assert isinstance(done.exception, SystemExit) or done.exception is None, done.exception
        assert is_calm(done.output)
        assert len(done.output) < 20_000
        if style == "github":
            assert all(line.startswith(("::error ", "::warning ")) for line in done.stdout.splitlines())
        if style in ("json", "sarif"):
            json.loads(done.stdout)
        if style == "junit":
            ElementTree.fromstring(done.stdout)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            ModelRegistry(file)
        except ConfigError as error:
            assert is_calm(str(error))
        assert all(is_calm(str(each.message)) for each in told)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", ["k" * 100_000, "k " * 50_000, "\x1b" * 100_000], ids=["word", "words", "controls"])
def test_reports_stay_short(tmp_path: Path, place: str, text: str) -> None:
    data = {"config_name": "a", "model_type": "openai_chat", **PLACES[place](text)}
    (tmp_path / "long.json").write_text(json.dumps([data, data]), "utf-8")
    for style in REPORTS:
        done = CliRunner().invoke(cli, ["validate", "--format", style, str(tmp_path / "long.json")])
        assert len(done.output) < 20_000, style


def walk(value: Any) -> Iterator[Any]:
    """Every scalar of a value, and every key."""
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(item)
    if not isinstance(value, dict | list):
        yield value


NAMES = ["\x1b[31mred", "two\nlines", "\u202eback", "\x9b1m"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", ["list", "list --json", "explain a", "explain a --json", "show a"])
def test_commands_that_print_configs(tmp_path: Path, name: str, command: str) -> None:
    configs = [
        {"config_name": "a", "model_type": "openai_chat", "model_name": name, "generate_args": {name: name}},
        {"config_name": name, "model_type": "openai_chat"},
    ]
    (tmp_path / "m.json").write_text(json.dumps(configs), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = CliRunner().invoke(cli, [*command.split(), "-c", str(tmp_path / "m.json")])
    assert done.exit_code == 0
    assert is_calm(done.output)
    if "json" in command or "show" in command:
        assert name in list(walk(json.loads(done.stdout)))
    else:
        assert printable(name) in done.stdout


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    file = os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.yaml")
    Path(file).write_text("config_name: a\nmodel_type: openai_chat\ntemprature: 1\n", "utf-8")
    for style in REPORTS:
        done = CliRunner().invoke(cli, ["validate", "--format", style, file])
        assert done.exit_code == 1
        assert is_calm(done.stdout)
        assert ("bad%FF.yaml" if style == "sarif" else "bad\\xff.yaml") in done.stdout.replace("\\\\", "\\")


@pytest.mark.parametrize(("variable", "value"), [("MODELHUB_PROFILE", "prod\r\n"), ("MODELHUB_CONFIG", "m.yaml\n")])
def test_line_ends_in_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    text = "profiles: {prod: {a: {model_name: big}}}\nmodels:\n- {config_name: a, model_type: openai_chat}\n"
    (tmp_path / "m.yaml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELHUB_CONFIG", "m.yaml")
    monkeypatch.setenv("MODELHUB_PROFILE", "prod")
    monkeypatch.setenv(variable, value)
    assert '"big"' in CliRunner().invoke(cli, ["show", "a"]).stdout


@given(st.text())
def test_printable_is_one_line_and_shortened_text_is_short(text: str) -> None:
    assert printable(text).isprintable()
    assert len(shorten(text, 40)) <= 80
    assert shorten(shorten(text, 10), 10) == shorten(text, 10)
    assert Problem("MH101", text, text).message.isprintable()


@given(st.recursive(st.text(st.characters()), lambda of: st.lists(of) | st.dictionaries(st.text(), of), max_leaves=5))
def test_json_is_the_same_data(value: Any) -> None:
    assert json.loads(write_json(value)) == value
    assert is_calm(write_json(value))


def test_half_characters_in_json() -> None:
    assert json.loads(write_json(["\udcff \ud800"])) == ["\\xff \\ud800"]
