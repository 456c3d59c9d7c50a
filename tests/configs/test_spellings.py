"""Hints about values say what the file says, in the syntax of the file; what YAML 1.2 reads otherwise is told."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.configs import Sources, load_text
from modelhub.configs.readers.yaml_versions import read_core
from modelhub.diagnostics.spelling import parse_number, write_number
from modelhub.errors import Problem
from modelhub.registry import checking


def validate(text: str, format: str = "yaml") -> list[Problem]:
    sources = Sources()
    sources.add_text(text.encode(), name="m", format=format)
    return checking.read(sources).problems


NOT_TEXT = [
    *("no", "Yes", "on", "OFF", "TRUE", "1.10", "12:30:45", "1_0", "0x1F", "017", "0b11", "1.5e+3", ".5", "1.", "+1"),
    *("3.10", "20240101", "-1", "190:20:30.15", "1_000.5", "00"),
]
PLACES = {
    "config_name": "config_name: {}\nmodel_type: openai_chat\n",
    "model_type": "config_name: a\nmodel_type: {}\n",
    "model_name": "config_name: a\nmodel_type: openai_chat\nmodel_name: {}\n",
    "flow": "[{{config_name: a, model_type: openai_chat, model_name: {} }}]\n",
    "anchor": "config_name: a\nmodel_type: openai_chat\nmodel_name: &x {}\n",
    "item": "config_name: a\nmodel_type: openai_chat\ngenerate_args: {{stop: [x, {}]}}\n",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("written", NOT_TEXT)
def test_quotes_keep_what_the_file_says(place: str, written: str) -> None:
    [problem] = [each for each in validate(PLACES[place].format(written)) if each.code in ("MH104", "MH111")]
    assert problem.hint == f"put it in quotes: '{written}'"
    quoted = PLACES[place].format(f"'{written}'")
    assert not [each for each in validate(quoted) if each.code in ("MH104", "MH111")]
    assert written in json.dumps(yaml.safe_load(quoted))


def test_hints_about_an_alias_do_not_quote_it() -> None:
    text = "- {config_name: a, model_type: openai_chat, timeout: &x 10}\n"
    text += "- {config_name: b, model_type: openai_chat, model_name: *x}\n"
    [problem] = validate(text)
    assert problem.hint == "put what the alias stands for in quotes"


def test_keys_are_text_however_they_are_written() -> None:
    keys = ["on", "no", "1.10", "2024-01-01", "0x1F", "1_0", "~", "null", "12:30"]
    problems = validate("config_name: a\nmodel_type: openai_chat\n" + "".join(f"{key}: 1\n" for key in keys))
    assert [problem.message for problem in problems] == [f"unknown key '{key}' in openai_chat" for key in keys]


@pytest.mark.parametrize("name", ["2024-01-01", "=", "<<", "y", "1e3x", "1.2.3", "0x", "通义"])
def test_text_that_looks_like_more(name: str) -> None:
    text = f"config_name: {name}\nmodel_type: openai_chat\n"
    assert not validate(text)
    [entry] = load_text(text.encode(), name="m", format="yaml").entries
    assert entry.config["config_name"] == name


NUMBERS = {
    "1e-1": "0.1",
    "5e1": "50",
    "0o17": "15",
    "08": "8",
    "'08'": "8",
    "'0.50'": "0.5",
    "1e3": "1000",
    "0.7f": None,
    "'1,5'": "1.5",
    "'1,000'": "1000",
    "1 000": None,
    "'0x1F'": "31",
    "'1_0'": "10",
    "５０": "50",
    "“50”": "50",
    "1e-7": "1.0e-07",
    "30s": "30",
    "5m": "300",
    "'1.5 hours'": "5400",
    "500ms": "0.5",
    "soon": None,
    "'50\u00a0'": "50",
}


@pytest.mark.parametrize(("written", "meant"), NUMBERS.items())
def test_hints_about_numbers_are_spellings_that_work(written: str, meant: str | None) -> None:
    [problem] = validate(f"config_name: a\nmodel_type: openai_chat\ntimeout: {written}\n")
    hint = problem.hint or ""
    assert problem.code == "MH104"
    assert (f" {meant}" in hint) if meant else problem.hint is None
    if meant:
        assert not validate(f"config_name: a\nmodel_type: openai_chat\ntimeout: {meant}\n")


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20))
def test_numbers_are_written_for_every_format(number: float) -> None:
    text = write_number(number)
    read = {yaml.safe_load(text), json.loads(text), tomllib.loads(f"a = {text}")["a"], read_core(text)}
    assert read == {number}
    assert parse_number(text) == number


@pytest.mark.parametrize(
    ("format", "text", "hint"),
    [
        ("json", '{"config_name": "a", "model_type": "openai_chat", "model_name": 1.10}', 'put it in quotes: "1.10"'),
        ("json", '{"config_name": true, "model_type": "openai_chat"}', 'put it in quotes: "true"'),
        ("jsonc", '{"config_name": 1e3, /* it */ "model_type": "openai_chat",}', 'put it in quotes: "1e3"'),
        ("toml", 'config_name = 1_0\nmodel_type = "openai_chat"', 'put it in quotes: "1_0"'),
        ("toml", 'config_name = "a"\nmodel_type = "openai_chat"\ntimeout = "0o17"', "write 15 without quotes"),
        ("json", '{"config_name": "a", "model_type": "openai_chat", "stream": "yes"}', "write true without quotes"),
        ("yaml", "config_name: a\nmodel_type: openai_chat\nstream: y", "write true"),
    ],
)
def test_hints_are_in_the_syntax_of_the_file(format: str, text: str, hint: str) -> None:
    assert [problem.hint for problem in validate(text, format)] == [hint]


@pytest.mark.parametrize("written", ["017", ".5", "+5", "08", "5.", "0x1F", "yes", "True"])
@pytest.mark.parametrize("format", ["json", "toml"])
def test_spellings_of_other_formats(format: str, written: str) -> None:
    texts = {"json": '{{"config_name": "a", "timeout": {}}}', "toml": 'config_name = "a"\ntimeout = {}\n'}
    if (format, written) in (("toml", "+5"), ("toml", "0x1F")):
        return  # which TOML has
    [problem] = load_text(texts[format].format(written).encode(), name="m", format=format).problems
    assert problem.code == "MH101"
    assert problem.hint is not None
    assert problem.hint.startswith("write ")
    meant = problem.hint.removeprefix("write ")
    assert not load_text(texts[format].format(meant).encode(), name="m", format=format).problems


def test_choices_that_yaml_reads_as_something_else() -> None:
    text = "config_name: a\nmodel_type: openai_chat\nmodel_name: o3\ngenerate_args: {{reasoning_effort: {}}}\n"
    assert "'none'" not in str([problem.hint for problem in validate(text.format("none"))])


# A scalar, what it is here, and what it is for YAML 1.2.
DIFFERENT = {
    "yes": "true",
    "No": "false",
    "on": "true",
    "OFF": "false",
    "017": "17",
    "0o17": "15",
    "1:30": "90",
    "1_000": "1000",
    "1e3": "1000",
    "08": "8",
    "0b11": "3",
    "12e03": "12000",
    "-0x1F": "-31",
    "1:30.5": "90.5",
}


@pytest.mark.parametrize(("written", "told"), DIFFERENT.items())
def test_what_the_versions_of_yaml_read_differently(written: str, told: str) -> None:
    text = "config_name: a\nmodel_type: openai_chat\ngenerate_args: {extra_body: {x: %s}}\n"
    [problem] = validate(text % written)
    assert (problem.code, problem.severity, problem.line) == ("MH111", "warning", 3)
    assert told in problem.message
    for same in (f"'{written}'", f'"{written}"'):
        assert not validate(text % same)


@pytest.mark.parametrize(
    "written", ["true", "null", "~", "15", "1.5", ".5", "1.", "0x1F", "1.5e+3", "y", "2024-01-01", "a"]
)
def test_what_they_read_alike(written: str) -> None:
    assert not validate(f"config_name: a\nmodel_type: openai_chat\ngenerate_args: {{extra_body: {{x: {written}}}}}\n")


@settings(deadline=None)
@given(st.text("0123456789_.:eExobn+-yYaAfFlst~", max_size=6))
def test_no_difference_is_missed(text: str) -> None:
    found: list[Any] = []
    for head in ("", "%YAML 1.2\n---\n"):
        loaded = load_text(f"{head}config_name: a\nx: [{text}]\n".encode(), name="m", format="yaml")
        if [each for each in loaded.problems if each.severity == "error"]:
            return
        found.append((json.dumps(loaded.entries[0].config["x"]), [each.code for each in loaded.problems]))
    (here, warned), (there, silent) = found
    assert silent == []
    assert (warned == ["MH111"]) == (here != there)


def test_a_directive_is_heeded() -> None:
    body = "config_name: a\nmodel_type: openai_chat\nstream: on\ntimeout: 017\n"
    assert [problem.code for problem in validate(body)] == ["MH111", "MH111"]
    [problem] = validate("%YAML 1.2\n---\n" + body)
    assert (problem.code, problem.line, problem.hint) == ("MH104", 5, "write true")
    assert [each.code for each in validate("%YAML 1.1\n---\n" + body)] == ["MH111", "MH111"]
    for version in ("1.3", "2.0"):
        [refused] = validate(f"%YAML {version}\n---\n" + body)
        assert refused.message == "this version of YAML is not known"


def test_a_secret_is_not_shown() -> None:
    for written in ("1e30", "12345e6789", "017654321", "1_2345"):
        said = " ".join(map(str, validate(f"config_name: a\nmodel_type: openai_chat\napi_key: {written}\n")))
        assert written not in said


def test_json_with_comments(tmp_path: Path) -> None:
    text = '// it\n[{"config_name": "a//b", /* one\n two */ "model_type": "openai_chat", "timeout": "x", },]\n'
    (tmp_path / "m.jsonc").write_text(text, "utf-8")
    sources = Sources()
    sources.add(tmp_path)
    loaded = checking.read(sources)
    assert [entry.config["config_name"] for entry in loaded.entries] == ["a//b"]
    assert [(problem.line, problem.column) for problem in loaded.problems] == [(3, 49)]
    [problem] = validate("[1, /* never closed", "jsonc")
    assert problem.message == "the comment that starts here is not closed"
    for bad in ('[{"a": 1} // x\n]', "// x\n{}", '{"config_name": "a"} // x'):
        assert "call the file .jsonc" in str(validate(bad, "json")[0].hint)
    (tmp_path / "m.json5").touch()
    sources = Sources()
    sources.add(tmp_path / "m.json5")
    assert ".jsonc" in str(sources.load().problems[0].hint)
